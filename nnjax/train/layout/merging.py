"""Merge groups whose architectures differ into envelopes, where zeros cost less than compiling another program."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from nnjax.core.experiment import Experiment, TrialSpec
from nnjax.models.envelope import Envelope, are_multiples, envelope_of, may_share, merged_part
from nnjax.models.envelope_json import envelope_from_json
from nnjax.train.layout.hardware_prices import Prices, read_prices, step_seconds
from nnjax.train.layout.plan import Plan

SURE = 0.5  # of a compilation has to be saved, as zeros are priced by rule
MOST = 32  # kinds of networks that are all compared in pairs; of more, neighbors in size are, and join first

Sizes = Callable[[Experiment], tuple[int, int, int]]  # static part -> inputs, outputs, training examples


class Price(NamedTuple):
    """Predicted seconds, with compiling: of some kinds of networks in one program, and of each in one of its own."""

    kinds: int
    together: float
    apart: float


class Bundle(NamedTuple):
    """Trials that are to share a program: static part, envelope (None: they are alike), themselves, and the price."""

    key: Experiment
    envelope: Envelope | None
    specs: list[TrialSpec]
    price: Price | None = None


class _Part(NamedTuple):
    """Kinds of networks that would share a program: static parts, envelope, and predicted seconds; inf for never."""

    keys: tuple[Experiment, ...]
    envelope: Envelope
    seconds: float


def bundle(
    specs: Sequence[TrialSpec],
    plan: Plan,
    devices: int,
    sizes: Sizes,
    earlier: Sequence[Mapping[str, Any]] = (),
    envelopes: Sequence[Envelope] = (),
) -> list[Bundle]:
    """Sort trials by the program that they share, in the order in which they first appear.

    Args:
      specs: the trials.
      plan: what is asked for: an envelope, or whether to merge.
      devices: that work side by side.
      sizes: of the data of a static part.
      earlier: the groups of an earlier session, which stay as they were.
      envelopes: that were found for the whole search, of which these trials are a part.
    """
    members: dict[Experiment, list[TrialSpec]] = {}
    for spec in specs:
        members.setdefault(spec.experiment.program_key, []).append(spec)
    found = {key: _earlier_envelope(some, earlier) for key, some in members.items()}
    free = [key for key in members if found[key] is None and may_share(key)]
    merged: dict[Experiment, tuple[Envelope, Price]] = {}
    known = [*envelopes, *([plan.envelope] if plan.envelope else [])]
    known += [one for group in earlier if (one := envelope_from_json(group.get("envelope")))]
    begun = {trial for group in earlier for trial in group.get("trials", ())}
    free = [key for key in free if members[key][0].id not in begun]
    for key in free:
        found[key] = next((envelope for envelope in known if envelope.holds(key)), None)
    if plan.merge and not plan.fixed and plan.lanes != 1 and not known and not earlier:
        prices = read_prices() if len(free) > 1 else Prices()
        merged = _merged({key: members[key] for key in free}, prices, devices, sizes)
        found |= {key: envelope for key, (envelope, _) in merged.items()}
    bundles: dict[Any, Bundle] = {}
    for key, some in members.items():
        envelope = found[key]
        whole = key if envelope is None else envelope.experiment(key)
        price = merged[key][1] if key in merged else None
        bundles.setdefault((whole, envelope), Bundle(whole, envelope, [], price)).specs.extend(some)
    for every in bundles.values():
        every.specs.sort(key=lambda spec: spec.id)
    return list(bundles.values())


def envelopes_of(specs: Sequence[TrialSpec], plan: Plan, devices: int, sizes: Sizes, count: int) -> list[Envelope]:
    """Find the envelopes of a whole search from trials that stand for it, so that each batch of it reuses programs.

    Args:
      specs: all choices of the space together.
      plan, devices, sizes: as for `bundle`.
      count: how many trials there will be.
    """
    if not plan.merge or plan.lanes == 1:
        return []
    members: dict[Experiment, list[TrialSpec]] = {}
    for spec in specs:
        members.setdefault(spec.experiment.program_key, []).append(spec)
    free = {key: some for key, some in members.items() if may_share(key)}
    found = _merged(free, read_prices(), devices, sizes, count / len(specs)) if len(free) > 1 else {}
    return list(dict.fromkeys(envelope for envelope, _ in found.values()))


def _earlier_envelope(specs: Sequence[TrialSpec], earlier: Sequence[Mapping[str, Any]]) -> Envelope | None:
    """Find the envelope that trials of one static part had in an earlier session."""
    group = next((group for group in earlier if specs[0].id in group.get("trials", ())), None)
    envelope = None if group is None else envelope_from_json(group.get("envelope"))
    return envelope if envelope is not None and envelope.holds(specs[0].experiment) else None


def _merged(
    members: Mapping[Experiment, Sequence[TrialSpec]], prices: Prices, devices: int, sizes: Sizes, share: float = 1.0
) -> dict[Experiment, tuple[Envelope, Price]]:
    """Find the envelope of each static part, and its price; those that are better alone are left out.

    Each trial stands for `share` of them.
    """
    found: dict[Experiment, tuple[Envelope, Price]] = {}
    alike: dict[Experiment, list[Experiment]] = {}
    for key in members:
        alike.setdefault(merged_part(key), []).append(key)
    for keys in (keys for keys in alike.values() if len(keys) > 1):
        num_inputs, num_outputs, examples = sizes(keys[0])
        epochs = {key: share * sum(spec.experiment.epochs for spec in members[key]) for key in keys}

        def part(*keys: Experiment) -> _Part:
            envelope, size = envelope_of(keys), min(key.batch_size for key in keys)
            if not are_multiples(envelope.batch_sizes):
                return _Part(keys, envelope, math.inf)
            steps = sum(epochs[key] for key in keys) * -(-examples // size)  # noqa: B023
            step = step_seconds(prices, envelope, num_inputs, num_outputs, size)  # noqa: B023
            return _Part(keys, envelope, prices.compiling + steps * step / devices)

        alone = {key: part(key) for key in keys}
        for one in merge(alone.values(), part, SURE * prices.compiling):
            if len(one.keys) > 1:
                price = Price(len(one.keys), one.seconds, sum(alone[key].seconds for key in one.keys))
                found |= dict.fromkeys(one.keys, (one.envelope, price))
    return found


def merge(parts: Iterable[_Part], joined: Callable[..., _Part], least: float) -> list[_Part]:
    """Join the two parts that save the most time together, again and again, as long as some save `least` seconds."""

    def both(a: _Part, b: _Part) -> _Part:
        return joined(*a.keys, *b.keys)

    def cheaper(pair: Sequence[_Part]) -> list[_Part]:
        """Join neighbors where that saves time."""
        one = both(pair[0], pair[-1])
        return [one] if len(pair) > 1 and one.seconds + least < sum(own.seconds for own in pair) else list(pair)

    left = sorted(parts, key=lambda one: (one.keys[0].batch_size, len(one.envelope.widths), one.envelope.widths))
    before = len(left) + 1
    while MOST < len(left) < before:
        before = len(left)
        left = [one for i in range(0, before, 2) for one in cheaper(left[i : i + 2])]
    savings = {
        (a, b): left[a].seconds + left[b].seconds - both(left[a], left[b]).seconds
        for b in range(len(left))
        for a in range(max(0, b - MOST), b)
    }
    alive = dict(enumerate(left))
    while savings:
        a, b = max(savings, key=lambda pair: (savings[pair], -pair[0], -pair[1]))
        if savings[a, b] <= least:
            break
        new = both(alive.pop(a), alive.pop(b))
        savings = {pair: value for pair, value in savings.items() if a not in pair and b not in pair}
        place = max(alive, default=0) + b + 1
        savings |= {(i, place): one.seconds + new.seconds - both(one, new).seconds for i, one in alive.items()}
        alive[place] = new
    return list(alive.values())

"""Find numbers by name in printed lines: "train Loss: 0.5 Acc: 0.9", "Epoch [3/10], Loss: 0.5", progress bars."""

import re

from nnjax.diagnosis import columns

NUMBER = r"[+-]?(?:\d+(?:[.,]\d+)?|\.\d+)(?:[eE][+-]?\d+)?|[+-]?(?:nan|inf(?:inity)?)(?![a-z])"
_NAME = r"[^\W\d_][\w@.'/()\[\]-]*(?: [^\W\d_][\w@.'/()-]*)*(?: \([^\W\d][\w ]*\))?"
_NUMBER = re.compile(rf"(?<![\w.])(?P<number>{NUMBER})(?P<after>\s*/\s*\d+)?\s*(?P<percent>\(?\s*[\d.]*\s*%\)?)?", re.I)
_BEFORE = re.compile(rf"(?P<name>{_NAME})[\"']?\s*(?:[:=]+>?|->|：|\.{{3,}})?\s*(?:tensor\()?[\"']?$", re.I)
_LOOK_BACK = 60  # characters of a name
_AFTER = re.compile(rf"(?P<number>{NUMBER})\s+(?P<name>(?:avg|average|train|val|test|mean)?\s*loss)\b", re.I)  # Darknet
_SCORE = re.compile(rf"\bscore at iteration (\d+) is ({NUMBER})", re.I)  # Deeplearning4j
_TAG = re.compile(r"\s*<[\w.]+>(?==)")  # SageMaker: train loss <loss>=0.5
_EVALUATED = re.compile(r"^.*\bSaving dict for global step \d+:")  # of TensorFlow's Estimator
_BARE = columns.TRAIN | set(columns.VALIDATION)
_NONE = columns.Name("", "", frozenset(), (0, 0), False)
_EPOCH = re.compile(r"(?:\bepoch|\bep|轮次?|第)['\"]?\s*(?:no\.?|number|#)?\s*[:=#\[(\s-]*(\d+(?:\.\d+)?)", re.I)
_ITERATION = re.compile(r"(?:\b(?:iteration|iter|step|global_step|round)\b\s*[:=#\[(]*\s*(\d+))|^\s*\[(\d+)\]\s", re.I)
_BAR = re.compile(r"\b(\d+)(?:\.0+)?/\d+ \[[^\]]*?\d(?:batch|batches|step|steps)/s")  # 12/171 [00:01<02:39, 1.07batch/s
_PLACE = re.compile(r"^\s*\[\s*(\d+),\s*(\d+)\]")  # of PyTorch's tutorial: [epoch, step]
_ROW = re.compile(r"^\s*(\d+):\s+(\S+),\s+(\S+)\s+avg", re.I)
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]?|\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?|\[\d\d:\d\d<[^\]]*?(?=,|\])")
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def lines_of(text: str) -> list[tuple[int, str]]:
    """Split printed text into what stood on the screen one after the other: [(line, text)]."""
    out = []
    for i, line in enumerate(ANSI.sub("", text).split("\n"), 1):
        out += [(i, part) for part in re.split(r"[\r\b]+", line) if part.strip()]
    return out


def pairs(line: str, part: str = "") -> dict[str, str]:
    """Find the curves in a line: {name: number}; "train Loss: 0.6 Acc: 0.7" has train Loss and train Acc.

    Args:
      line: of a log.
      part: to which numbers belong whose names do not say it, such as that of the line before.
    """
    plain = _TAG.sub("", _TIME.sub(" ", line))
    if match := _SCORE.search(plain):
        return {"loss": match[2]}
    if evaluated := _EVALUATED.match(plain):
        plain, part = plain[evaluated.end() :], "eval"
    if match := _ROW.match(plain):  # Darknet
        return {"avg loss": match[3].rstrip(",")}
    out: dict[str, str] = {}
    bare: dict[str, str] = {}
    end = 0
    for match in _NUMBER.finditer(plain):
        head, end = plain[end : match.start()], match.end("number")
        part = part_in(head) or part
        before = _BEFORE.search(head[-_LOOK_BACK:])
        if before is None:
            continue
        name = _shortened(before["name"].strip("'\""))
        own = columns.name_of(name)
        if own:
            named = columns.TRAIN & set(columns.words(name)) or own.part != "train" or not part
            out.setdefault(name if named else f"{part} {name}", _with_share(match, own))
        elif set(columns.words(name)) <= _BARE and "." in match["number"] and not match["percent"]:
            bare.setdefault(f"{part_in(name)} loss", match["number"])
    for match in _AFTER.finditer(plain):
        out.setdefault(match["name"], match["number"])
    known = {found.part for name in out if (found := columns.name_of(name)) and found.kind in ("loss", "metric")}
    return out | {name: value for name, value in bare.items() if (columns.name_of(name) or _NONE).part not in known}


def _shortened(name: str) -> str:
    """Keep the words from the first that names a part or a curve: "Epoch train loss" is "train loss"."""
    words = name.split(" ")
    if columns.NO_CURVE & set(columns.words(name)):
        return name  # Best val Acc
    for i in range(len(words)):
        rest = " ".join(words[i:])
        is_last = i + 1 == len(words) or not columns.name_of(" ".join(words[i + 1 :]))
        if columns.name_of(rest) and (is_last or set(columns.words(words[i])) & _BARE):
            return rest
    return name


def part_in(text: str) -> str:
    """Return the last word of a text that names a part: Train:, Validation, test set; words joined to others do not."""
    free = [word.lower() for word in re.findall(r"(?<![\w./])[A-Za-z]+(?![\w./])", text)]
    free += ["train"] * ("训练" in text) + ["val"] * ("验证" in text) + ["test"] * ("测试" in text)
    known = [word for word in free if word in _BARE]
    return known[-1] if known else ""


def _with_share(match: re.Match[str], own: columns.Name) -> str:
    """Return a pair's number; of "Accuracy: 9827/10000 (98%)" the share."""
    number = match["number"].removeprefix("tensor(").replace(",", ".")
    whole = float(re.sub(r"\D", "", match["after"] or "") or 0)
    return str(float(number) / whole) if own.kind == "accuracy" and whole else number


def epoch_of(line: str) -> float | None:
    """Return the number of the epoch that a line names; None where it names none."""
    if match := _PLACE.match(line):
        return int(match[1])
    match = _EPOCH.search(_TIME.sub(" ", line))
    return float(match[1]) if match else None


def iteration_of(line: str) -> int | None:
    """Return the number of the iteration that a line names; None where it names none."""
    if (match := _PLACE.match(line)) or (match := _ROW.match(line)):
        return int(match[match.lastindex or 1] if match.re is _PLACE else match[1])
    match = _BAR.search(line) or _ITERATION.search(_TIME.sub(" ", line))
    return int(next(filter(None, match.groups()))) if match else None

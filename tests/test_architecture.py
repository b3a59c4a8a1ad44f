"""The layout: no import circle, few floors, no package too large. `make lint` checks the arrows (.importlinter)."""

import collections
import functools
import pathlib

import grimp

PACKAGE = pathlib.Path(__file__).parents[1] / "nnjax"
MOST_FLOORS, MOST_FLAT, MOST_SHARE = 12, 5, 0.15


@functools.cache
def imports() -> dict[str, set[str]]:
    """Each module, and those that it imports, deferred imports and those for types included."""
    graph = grimp.build_graph("nnjax", cache_dir=None)
    return {module: set(graph.find_modules_directly_imported_by(module)) for module in graph.modules}


def circles(arrows):
    """List the strongly connected components of more than one node (Tarjan 1972)."""
    order, low, stack, found = {}, {}, [], []

    def visit(node):
        order[node] = low[node] = len(order)
        stack.append(node)
        for other in arrows[node]:
            if other not in order:
                visit(other)
            if other in stack:
                low[node] = min(low[node], low[other])
        if low[node] == order[node]:
            at = stack.index(node)
            found.append(sorted(stack[at:]))
            del stack[at:]

    for node in arrows:
        if node not in order:
            visit(node)
    return [component for component in found if len(component) > 1]


def by_package():
    """The packages at the top and what they import of each other; the package's own __init__ is no room of its own."""
    arrows = collections.defaultdict(set)
    for module, targets in imports().items():
        if module != "nnjax":
            package = module.split(".")[1]
            arrows[package] |= {target.split(".")[1] for target in targets if target != "nnjax"} - {package}
    return dict(arrows)


def test_a_circle_is_found():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]
    assert circles({"a": {"b"}, "b": set()}) == []


def test_no_modules_import_each_other_in_a_circle():
    assert circles(imports()) == []


def test_a_package_stands_on_at_most_eleven_others():
    arrows = {
        package: targets - ({"diagnosis", "exchange", "verify"} if package == "runs" else set())  # types of `Run` only
        for package, targets in by_package().items()
    }
    assert circles(arrows) == []

    @functools.cache
    def floor(package):
        return 1 + max((floor(other) for other in arrows[package]), default=0)

    assert max(map(floor, arrows)) <= MOST_FLOORS


def test_few_modules_lie_flat():
    assert len(list(PACKAGE.glob("*.py"))) <= MOST_FLAT


def test_no_package_is_too_large():
    lines = collections.Counter()
    for path in PACKAGE.rglob("*.py"):
        inside = path.relative_to(PACKAGE).parts
        lines[inside[0] if len(inside) > 1 else "top"] += path.read_text("utf-8").count("\n")
    total = sum(lines.values())
    assert {package: n for package, n in lines.items() if n > MOST_SHARE * total} == {}

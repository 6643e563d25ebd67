"""Small changes to a module's source that its tests should notice, one at a time.

Comparisons, arithmetic, boolean operators, conditions, constants and returned truth values. Texts,
docstrings, annotations, imports and ``__all__`` are left alone: they decide nothing.
"""

import ast
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass

__all__ = ["Mutant", "mutants_of"]

_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One change: where, what, and the module's source with it."""

    line: int
    what: str
    source: str


def mutants_of(source: str) -> list[Mutant]:
    """List every mutant of a module, in the order of its lines; always the same ones."""
    tree = ast.parse(source)
    places = [node for node in ast.walk(tree) if id(node) not in _left_alone(tree)]
    found = []
    for index, node in enumerate(places):
        for number, (what, _) in enumerate(_changes(node)):
            found.append(_mutant(source, index, number, what))
    return sorted(found, key=lambda mutant: (mutant.line, mutant.what, mutant.source))


def _mutant(source: str, index: int, number: int, what: str) -> Mutant:
    tree = ast.parse(source)
    skipped = _left_alone(tree)
    node = [node for node in ast.walk(tree) if id(node) not in skipped][index]
    changes = list(_changes(node))
    changes[number][1]()
    line: int = getattr(node, "lineno", 0)
    return Mutant(line=line, what=what, source=ast.unparse(ast.fix_missing_locations(tree)))


def _left_alone(tree: ast.AST) -> set[int]:
    """Find the nodes that decide nothing: annotations, imports, ``__all__``, generic types."""
    roots: list[ast.AST] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom | ast.Assert):
            roots.append(node)
        elif isinstance(node, ast.Assign):
            named = {name.id for name in node.targets if isinstance(name, ast.Name)}
            typed = isinstance(node.value, ast.Subscript | ast.BinOp) and _is_type(node.value)
            if "__all__" in named or typed:
                roots.append(node)
        elif isinstance(node, ast.AnnAssign | ast.arg):
            roots += [node.annotation] if node.annotation is not None else []
        elif isinstance(node, ast.FunctionDef) and node.returns is not None:
            roots.append(node.returns)
        elif isinstance(node, ast.ClassDef):
            roots += node.keywords
    return {id(child) for root in roots for child in ast.walk(root)}


def _is_type(node: ast.AST) -> bool:
    """Tell an alias such as ``Callable[[Row], str]`` or ``A | B`` from a computation."""
    leaves = [child for child in ast.walk(node) if isinstance(child, ast.Name)]
    return bool(leaves) and all(leaf.id[:1].isupper() or leaf.id in _BUILTINS for leaf in leaves)


_BUILTINS = frozenset({"str", "int", "float", "bool", "dict", "list", "tuple", "set", "date"})


def _changes(node: ast.AST) -> Iterator[tuple[str, Callable[[], None]]]:
    if isinstance(node, ast.Compare):
        yield from _comparisons(node)
    elif isinstance(node, ast.BinOp):
        other = _OPERATORS.get(type(node.op))
        if other is not None:
            yield f"{_name(node.op)} -> {other.__name__}", _setter(node, "op", other())
    elif isinstance(node, ast.BoolOp):
        swapped = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield f"{_name(node.op)} -> {_name(swapped)}", _setter(node, "op", swapped)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.Invert):
        yield f"{_name(node.op)} dropped", _setter(node, "op", ast.UAdd(), keep=node.operand)
    elif isinstance(node, ast.If | ast.IfExp):
        negated = ast.UnaryOp(ast.Not(), deepcopy(node.test))
        yield "condition negated", _setter(node, "test", negated)
    elif isinstance(node, ast.Constant):
        yield from _constants(node)


def _comparisons(node: ast.Compare) -> Iterator[tuple[str, Callable[[], None]]]:
    for place, operator in enumerate(node.ops):
        for other in _COMPARISONS.get(type(operator), ()):
            ops = [*node.ops]
            ops[place] = other()
            yield f"{_name(operator)} -> {other.__name__}", _setter(node, "ops", ops)


def _constants(node: ast.Constant) -> Iterator[tuple[str, Callable[[], None]]]:
    value = node.value
    if isinstance(value, bool):
        yield f"{value} -> {not value}", _setter(node, "value", not value)
    elif isinstance(value, int):
        yield f"{value} -> {value + 1}", _setter(node, "value", value + 1)


def _setter(
    node: ast.AST, field: str, value: object, keep: ast.AST | None = None
) -> Callable[[], None]:
    """Change a field in place; a dropped ``not`` keeps its operand twice, which means the same."""

    def change() -> None:
        if keep is None:
            setattr(node, field, value)
        else:
            node.__class__ = ast.BoolOp
            node.__dict__.update(op=ast.And(), values=[keep, deepcopy(keep)])

    return change


def _name(node: ast.AST) -> str:
    return type(node).__name__

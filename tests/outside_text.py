"""Reads the dashboard's source: which texts that Streamlit takes for Markdown or HTML are not known to be our own?

Our own are literals, constants (in capitals), numbers in a number's format, what `plain` and `html` return, and what is
put together of these, also by way of names and functions of the same module. The arguments of our own functions that
hand a text on are checked where they are called. What the reader cannot follow is in LOOKED_AT, each by hand.
"""

import ast
import re

SIMPLE = """
markdown caption error warning info success write title header subheader toast button checkbox toggle selectbox badge
multiselect text_input text_area number_input slider file_uploader expander popover spinner download_button link_button
date_input time_input color_picker latex exception table tabs
"""
MARKDOWN = {  # name of the call → places of the arguments that are Markdown, as Streamlit 1.67 has it
    **dict.fromkeys(SIMPLE.split(), (0,)),
    **dict.fromkeys(
        ("radio", "segmented_control", "pills", "select_slider"), (0, 1)
    ),  # their options are Markdown, too
    "metric": (0, 1, 2),
    "progress": (1,),
    "page_link": (),
    "html": (0,),
}
TEXT_OPTIONS = ("selectbox", "multiselect")  # theirs are not
FORWARDING = {"how_to_read": (0,), "say": (0,), "computed": (2,), "ablation": (3,), "prose": (0,)}
FORWARDING |= dict.fromkeys(("_one_of", "one_of", "named"), (0, 1, 3))
OUR_MODULES = ("glossary", "components", "keep", "results")
MAKES_PLAIN = {"plain", "html", "escape", "explained", "percent", "result", "probability", "head_name", "part_name"}
MAKES_PLAIN |= {"rows_that_answer"}  # a sentence of ours
NUMBERS = {"len", "sum", "round", "int", "float", "abs", "count", "slider", "number_input", "range"}
COPIES = {"list", "tuple", "sorted", "reversed", "str"}
METHODS = {"join", "format", "get", "keys", "items", "values", "capitalize", "strip", "replace"}
OURS = {
    "title",
    "sentence",
    "look_for",
    "answer",
    "color",
    "glyph",
    "verdict",
    "question",
    "expression",
    "head_dim",
    "name_of",
}
NUMBER_FORMAT = re.compile(r"[+]?,?(\.?\d*|\.\{\})[defgr]?%?")


class Module:
    """One module's syntax tree, and what its texts may come from."""

    def __init__(self, tree, looked_at=()):
        self.tree, self.looked_at, self.busy = tree, looked_at, set()
        self.functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        self.parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}

    def offences(self):
        """[(line, source)] of the texts that are not known to be our own."""
        calls = [node for node in ast.walk(self.tree) if isinstance(node, ast.Call)]
        return [(text.lineno, ast.unparse(text)) for call in calls for text in texts(call) if not self.own(text)]

    def own(self, node):
        """Is the value of this expression certainly our own words, a number, or a collection of these?"""
        if node is None or isinstance(node, ast.Constant | ast.Compare) or ast.unparse(node) in self.looked_at:
            return True
        judge = getattr(self, f"_{type(node).__name__}", None)
        return judge(node) if judge else False

    def _all(self, nodes):
        return all(map(self.own, nodes))

    def _JoinedStr(self, node):
        return self._all(part for part in node.values)

    def _FormattedValue(self, node):
        spec = "".join(getattr(piece, "value", "{}") if isinstance(piece, ast.Constant) else "{}"
                       for piece in getattr(node.format_spec, "values", []))  # fmt: skip
        return bool(spec and NUMBER_FORMAT.fullmatch(spec)) or self.own(node.value)

    def _IfExp(self, node):
        return self._all([node.body, node.orelse])

    def _BinOp(self, node):
        if isinstance(node.op, ast.Add):  # a number where one side is
            sides = [node.left, node.right]
            number = any(isinstance(side, ast.Constant) and isinstance(side.value, int) for side in sides)
            return number or self._all(sides)
        return not isinstance(node.op, ast.Mult | ast.Mod | ast.BitOr) or self._all([node.left, node.right])

    def _BoolOp(self, node):
        return self._all(node.values)

    def _List(self, node):
        return self._all(node.elts)

    _Tuple = _Set = _List

    def _Dict(self, node):
        return self._all([*node.keys, *node.values])

    def _DictComp(self, node):
        return self._all([node.key, node.value])

    def _ListComp(self, node):
        return self.own(node.elt)

    _GeneratorExp = _ListComp

    def _Lambda(self, node):
        return self.own(node.body)

    def _Starred(self, node):
        return self.own(node.value)

    _NamedExpr = _Subscript = _Starred

    def _Attribute(self, node):
        return node.attr.isupper() or node.attr in OURS or (node.attr in METHODS and self.own(node.value))

    def _Call(self, node):
        name = _name(node)
        if name in MAKES_PLAIN | NUMBERS:
            return True
        if name == "map":
            return self._maps(node.args[0]) or (_of(node.args[0]) == "str" and self._all(node.args[1:]))
        if name in COPIES:
            return self._all(node.args)
        if name in METHODS and isinstance(node.func, ast.Attribute):
            return self.own(node.func.value) and self._all(node.args if name in ("join", "replace") else [])
        return isinstance(node.func, ast.Name) and name in self.functions and self._returns(name)

    def _maps(self, function):
        name = _of(function)
        return name in MAKES_PLAIN or (name in self.functions and self._returns(name))

    def _returns(self, name, place=None):
        """Does a function of this module return our own words? place: of a tuple, in that place."""
        found = [node.value for node in ast.walk(self.functions[name]) if isinstance(node, ast.Return)]
        if place is not None:
            found = [value.elts[place] if isinstance(value, ast.Tuple) else value for value in found]
        return self._once((name, place), found)

    def _once(self, key, nodes):
        """What refers to itself is our own if all else that it is made of is."""
        if key in self.busy:
            return True
        self.busy.add(key)
        answer = bool(nodes) and self._all(nodes)
        self.busy.discard(key)
        return answer

    def _Name(self, node):
        if node.id.isupper() or node.id == "expression" or node.id in MAKES_PLAIN:
            return True
        where = node
        while where in self.parents and not isinstance(where, ast.FunctionDef):
            where = self.parents[where]
        if getattr(where, "name", None) in FORWARDING and node.id in [arg.arg for arg in where.args.args]:
            return True
        return self._once((where, node.id), list(self._values(where, node.id)))

    def _values(self, where, name):
        """Every value that a name gets in a function or module; a loop's iterable stands for its members."""
        for node in ast.walk(where):
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    target = target.value if isinstance(target, ast.Subscript) else target
                    yield from self._given(target, node.value, name)
            elif isinstance(node, ast.AugAssign | ast.NamedExpr):
                yield from self._given(node.target, node.value, name)
            elif isinstance(node, ast.For | ast.comprehension):
                for value in _members(node.iter, node.target):
                    yield from self._given(node.target, value, name)
            elif isinstance(node, ast.Call) and _name(node) in ("append", "extend", "insert", "add", "update"):
                if _of(getattr(node.func, "value", None)) == name:
                    yield from node.args
            elif isinstance(node, ast.arg) and node.arg == name:
                yield ast.Name("a parameter", ast.Load())

    def _given(self, target, value, name):
        if isinstance(target, ast.Name) and target.id == name:
            yield value
        elif isinstance(target, ast.Tuple):
            for place, part in enumerate(target.elts):
                inside = value.elts[place] if isinstance(value, ast.Tuple) and place < len(value.elts) else value
                if isinstance(value, ast.Call) and _of(value.func) in self.functions:
                    own = self._returns(_of(value.func), place)
                    inside = ast.Constant(0) if own else value
                yield from self._given(part, inside, name)


def texts(call):
    """The arguments of a call that are read as Markdown, or as HTML."""
    name = _name(call)
    ours = name in FORWARDING and (isinstance(call.func, ast.Name) or _of(call.func.value) in OUR_MODULES)
    if not ours and not (isinstance(call.func, ast.Attribute) and name in MARKDOWN):
        return
    formatted = any(keyword.arg == "format_func" for keyword in call.keywords) or (ours and len(call.args) > 3)
    for place, argument in enumerate(call.args):
        if place in (FORWARDING if ours else MARKDOWN)[name] and not (place == 1 and formatted):
            yield argument
    for keyword in call.keywords:
        options = keyword.arg in ("options", "captions", "format_func") and name not in TEXT_OPTIONS
        if keyword.arg in ("label", "body", "help", "text", "caption") or options:
            yield keyword.value


def _members(iterable, target):
    """What a loop gives to its target: the rows of a table that is written out, the columns of a zip, or the whole."""
    if isinstance(iterable, ast.Tuple | ast.List) and all(isinstance(row, ast.Tuple) for row in iterable.elts):
        return iterable.elts
    if isinstance(iterable, ast.Call) and _of(iterable.func) == "zip":
        return [ast.Tuple(iterable.args, ast.Load())]
    if isinstance(iterable, ast.Call) and _of(iterable.func) == "enumerate":
        return [ast.Tuple([ast.Constant(0), iterable.args[0]], ast.Load())]
    return [iterable]


def _name(call):
    return _of(call.func)


def _of(node):
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")

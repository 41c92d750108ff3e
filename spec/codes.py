"""Every diagnostic code of the language in one table: what it means and how to mend it.

In: nothing. Out: `CODES`. A code keeps its number for ever; a retired one is not given out again. Codes from T0500 on
belong to `compiler/`, which keeps its own table of the same shape.
"""

from __future__ import annotations

from typing import Literal

from spec.frozen import dataclass

Severity = Literal["error", "warning", "note"]
"""note: nothing is wrong; what the author should know."""


@dataclass(frozen=True, slots=True)
class Code:
    """One kind of defect: its number, name, meaning and cure."""

    code: str
    title: str
    what: str
    mend: str
    severity: Severity = "error"


_TABLE = (
    # ---- files
    Code(
        "T0001",
        "file cannot be read",
        "The path leads to no file that can be read.",
        "Check the path and the file's permissions.",
    ),
    Code("T0002", "not UTF-8", "The file holds bytes that are not UTF-8 text.", "Save the file as UTF-8."),
    Code(
        "T0003",
        "control character",
        "The file holds a character that no text editor shows, such as NUL.",
        "Remove it; in strings write `\\n` or `\\t`.",
    ),
    Code(
        "T0004",
        "file too large",
        "A spec file may hold 1 MiB; a spec with its imports 4 MiB, 72,000 words and signs (in YAML and"
        " JSON, 36,000 values), 2,000 clauses, 50,000 characters of patterns and 1,000"
        " imports; parameters may fill in 4 MiB.",
        "Split the spec, or move data into the files that `train.data` names.",
    ),
    Code(
        "T0005",
        "nested too deeply",
        "Brackets, or `not`s, stand inside each other more than 64 deep, or so many files import each other in a row.",
        "Flatten the value.",
    ),
    Code(
        "T0006",
        "no version header",
        "A spec starts with the version of the language it is written in.",
        "Write `tenet 1` as the first line.",
    ),
    Code(
        "T0007",
        "unknown language version",
        "The header names a version that this release of Tenet does not read.",
        "Upgrade Tenet, or write `tenet 1`.",
    ),
    Code(
        "T0008",
        "misplaced header",
        "The version header stands once, before everything else.",
        "Keep one header, on the first line.",
    ),
    # ---- characters
    Code(
        "T0010",
        "quote missing",
        "A string has a quote at one end only: it has no closing quote on its line, or no opening one.",
        'Put the other quote in, or use `"""` for text of several lines.',
    ),
    Code(
        "T0011",
        "unknown escape",
        "A backslash in a string stands before something that has no meaning.",
        'Write `\\\\` for a backslash; the escapes are `\\n \\t \\r \\" \\\\ \\u{...}`.',
    ),
    Code(
        "T0012",
        "meaningless character",
        "The language has no use for this character outside strings.",
        "Remove it, or put the text in quotes; a comment starts with `#`.",
    ),
    Code(
        "T0013",
        "wrong quotes",
        "Strings stand between straight double quotes, and such a quote inside of one has a `\\` before it.",
        'Write `"text"`, and `\\"` inside.',
    ),
    Code(
        "T0014",
        "regular expression not closed",
        "A regular expression starts with `/` and has no closing `/` on its line, or goes on behind it.",
        "Close it; write `\\/` for a slash inside.",
    ),
    Code("T0015", "malformed number", "Digits are followed by letters.", "Separate them, or put the text in quotes."),
    # ---- syntax
    Code(
        "T0020",
        "missing punctuation",
        "A `:`, a `,` or `at` is missing between two things, or something else stands there for it.",
        "Put it in, or in the place of what stands there.",
    ),
    Code(
        "T0021",
        "bracket not closed",
        "A bracket or brace was opened and never closed.",
        "Close it where its content ends.",
    ),
    Code(
        "T0022",
        "bracket out of place",
        "A closing bracket or brace has no partner, or a bracket stands too early in its list.",
        "Remove it, or open the block that it should close.",
    ),
    Code(
        "T0023",
        "missing value",
        "A field, list or condition ends where a value must follow.",
        "Give the value, or remove the field.",
    ),
    Code(
        "T0024",
        "unexpected text",
        "What stands here cannot continue what stands before it.",
        "See the help; text goes in quotes.",
    ),
    Code("T0025", "missing brace", "A block has a header and no opening brace.", "Put `{` after the header."),
    # ---- imports
    Code(
        "T0030",
        "imported file not found",
        "An import names a file that is not there or cannot be read.",
        "Paths are relative to the importing file.",
    ),
    Code("T0031", "import cycle", "Files import each other in a circle.", "Move what both need into a third file."),
    Code(
        "T0032",
        "import leaves the project",
        "An import leads out of the project's folder.",
        "Copy the file into the project: the nearest folder above the spec with `.git`, `pyproject.toml` or"
        " `tenet.toml`, else the spec's own folder.",
    ),
    Code(
        "T0033", "imported twice", "A file imports another one more than once.", "Remove the second import.", "warning"
    ),
    Code(
        "T0034",
        "file of a setting not found",
        "`data`, `prompts` or `chat_template` names a file, or `base`, `teacher`, `judge` or `embedder` a folder, that"
        " is not there.",
        "Paths are relative to the spec.",
    ),
    # ---- characters that are not what they seem
    Code(
        "T0040",
        "bidirectional control",
        "The file holds a control that makes a text appear in another order than the one it is written in.",
        "Write it as an escape, such as `\\u{202E}`, or remove it.",
    ),
    Code(
        "T0041",
        "invisible character",
        "A text or pattern holds a character that cannot be seen and does nothing there.",
        "Remove it; where it is meant, write it as an escape, such as `\\u{200B}`.",
        "warning",
    ),
    Code(
        "T0042",
        "name of mixed letters",
        "A name holds letters that look like Latin ones, among letters that are.",
        "Write the name in the letters of one script.",
    ),
    Code(
        "T0043",
        "look-alike letters",
        "A word of a text or pattern looks like another one, since it is spelled with letters of two scripts.",
        "Write it in the letters of one script; where it is meant, write the odd ones as escapes, such as `\\u{441}`.",
        "warning",
    ),
    Code(
        "T0044",
        "look-alike names",
        "Two clauses have names that look the same and are spelled with letters of two scripts.",
        "Rename one.",
        "warning",
    ),
    # ---- YAML and JSON
    Code(
        "T0050",
        "not YAML or JSON",
        "A file that is named as YAML or JSON is none from here on.",
        "See the help; what starts with a sign such as `>` or `*` goes in quotes.",
    ),
    Code("T0051", "key given twice", "A mapping has the same key twice.", "Keep one; several values are a list."),
    Code(
        "T0052",
        "unused part of YAML",
        "Specs use no tags, no merge keys and no second document of a file.",
        "Write out what is meant.",
    ),
    Code(
        "T0053",
        "no name",
        "A key is a text; one that names a statement is a name.",
        "Use letters, digits, `_` and `-`.",
    ),
    Code(
        "T0054",
        "alias that cannot be followed",
        "An alias repeats nothing, itself, or more than a file may hold.",
        "Write out what is meant; text that starts with `*` goes in quotes.",
    ),
    Code(
        "T0055",
        "wrong shape",
        "A mapping, a list and a single value each stand for something else than what belongs here.",
        "See the help for the shape.",
    ),
    # ---- statements, fields and values
    Code(
        "T0100",
        "unknown statement",
        "No construct of the language has this name.",
        "`tenet explain` lists the statements.",
    ),
    Code(
        "T0101",
        "unknown field",
        "The block has no field of this name.",
        "`tenet explain` with the construct's name lists its fields.",
    ),
    Code("T0102", "missing field", "A field that the block cannot do without is absent.", "Add it."),
    Code(
        "T0103",
        "field given twice",
        "A field stands more than once in one block.",
        "Keep one; a field that takes a list takes several values in `[...]`.",
    ),
    Code(
        "T0104",
        "missing name",
        "The construct needs a name, which becomes its stable id.",
        "Write `kind name { ... }`.",
    ),
    Code("T0105", "needless name", "There is one block of this construct, without a name.", "Remove the name."),
    Code("T0106", "needless level", "Only statements of behaviour have a level of authority.", "Remove `at ...`."),
    Code(
        "T0107",
        "not a block, or not a field",
        "Something is written as a block and must be a field, or the other way round.",
        "See the help.",
    ),
    Code("T0108", "dotted name", "The name of a clause is one word.", "Use `_` or `-` inside names."),
    Code(
        "T0110",
        "unknown level",
        "Levels of authority are root, system, developer, user, guideline.",
        "Use one of them.",
    ),
    Code("T0111", "wrong kind of value", "The field takes another kind of value.", "See the help for an example."),
    Code("T0112", "unknown choice", "The field takes one of a few words.", "Use one of them."),
    Code("T0113", "out of range", "A number lies outside what the field can mean.", "See the help for the range."),
    Code("T0114", "empty", "A text, phrase or list is empty.", "Fill it in, or remove the field."),
    Code("T0115", "malformed target", "A target is a share that can be measured.", "Write `>= 90%` or `<= 1%`."),
    Code(
        "T0116",
        "invalid regular expression",
        "The pattern is not a regular expression that Python's `re` reads.",
        "See the message for the place inside.",
    ),
    Code("T0117", "repeated item", "The same text stands in a list twice.", "Remove one.", "warning"),
    # ---- names and references
    Code("T0200", "duplicate id", "Two statements have the same id, so nothing could refer to either.", "Rename one."),
    Code(
        "T0201",
        "unknown style",
        "`style` names a trait of the spec or one of the built-in refusal styles.",
        "Declare the trait, or use plain, hard, redirect, safe_complete or clarify.",
    ),
    Code("T0202", "unknown clause", "A reference leads to no clause.", "Write a clause's id, such as `trait.caring`."),
    Code(
        "T0203",
        "unknown name in a priority",
        "A priority ranks clauses by name, id or tag, and this is none of them.",
        "Name a clause, or add the tag to one.",
    ),
    Code("T0204", "priority cycle", "Priorities rank a name above itself.", "Remove one of the links."),
    Code("T0205", "ranked twice", "A name stands twice in one priority.", "Keep its highest place."),
    Code(
        "T0206",
        "ambiguous name",
        "Several clauses share this name, so the reference could mean any of them.",
        "Write the id with its kind.",
    ),
    Code("T0207", "undeclared dimension", "A condition asks about a dimension that is not declared.", "Declare it."),
    Code(
        "T0208",
        "unknown value of a dimension",
        "The dimension cannot have this value.",
        "Use a declared value, or declare this one.",
    ),
    Code(
        "T0209",
        "unfit comparison",
        "The dimension's type has no such comparison.",
        "Enumerations take `==`, `!=`, `in`; numbers also `<` and `>`; booleans stand alone.",
    ),
    Code("T0210", "declared twice", "A block that may stand once, or a dimension, is given twice.", "Keep one."),
    Code(
        "T0211",
        "malformed condition",
        "A condition compares a dimension with a value.",
        "Write `user.role == clinician`, joined with `and`, `or`, `not`.",
    ),
    Code(
        "T0212",
        "malformed priority",
        "A priority is a chain of at least two names.",
        "Write `priority: safety > honesty`.",
    ),
    Code(
        "T0213",
        "malformed conversation",
        "A conversation holds turns of the user and the assistant by turns and ends with the user's.",
        "Write `user:` and `assistant:` fields in order.",
    ),
    Code(
        "T0214",
        "example shows nothing",
        "An example has no answer that is good or bad for its clause.",
        "Add `good:` or `bad:`.",
    ),
    Code("T0215", "states nothing", "The clause has no part that says what the model shall do.", "See the help."),
    Code("T0216", "impossible bounds", "Two settings of one block cannot both hold.", "Change one of them."),
    Code(
        "T0217",
        "two of which one may be",
        "A block has two fields that exclude each other, such as `must` and `never`.",
        "Keep one, or make two clauses.",
    ),
    # ---- parameters, extensions, versions
    Code(
        "T0220",
        "unknown parameter",
        "A text asks for a parameter that the file does not declare, or an import gives one that it does not have.",
        'Declare it with `parameter name { default: "..." }`; write `$${` for a plain `${`.',
    ),
    Code(
        "T0221",
        "parameter without a text",
        "A parameter has no default, and nobody gives it a text.",
        'Add `default: "..."`, or give it where the file is imported: `import "x.tenet" { name: "..." }`.',
    ),
    Code(
        "T0222",
        "malformed extension",
        "A file extends one other file, which nobody imports as well.",
        "Keep one `extends`, and remove imports of the same file.",
    ),
    Code(
        "T0223",
        "change of a floor",
        "A clause at root, or one that says `override: never`, is changed or dropped by a file that extends its own.",
        "Leave it as it is; add a clause of another name beside it.",
    ),
    Code(
        "T0224",
        "imported with other texts",
        "A file is imported twice with different texts for its parameters, so its clauses would mean two things.",
        "Give one of the imports a name with `as`.",
    ),
    Code(
        "T0230",
        "deprecated clause",
        "A reference names a clause that its author asks nobody to use any more.",
        "Do what the clause's `deprecated` says.",
        "warning",
    ),
)

CODES: dict[str, Code] = {code.code: code for code in _TABLE}

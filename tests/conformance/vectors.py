"""What every reader of phrases and patterns must say: probes, data filters and the decode guard read one list.

CAUGHT: phrase, text, and the plainest layer at which it is found. FREE: phrase, and a text that does not hold it.
FOUND, NOT_FOUND: the same of patterns, with their flags.
"""

CAUGHT = [
    ("Certainly!", "Certainly! Paris.", "exact"),
    ("Certainly!", "CERTAINLY! Paris.", "case"),
    ("straße", "STRASSE", "case"),
    ("Certainly!", "Ｃｅｒｔａｉｎｌｙ！ Paris.", "nfkc"),
    ("fine", "ﬁne", "case"),
    ("As an AI", "As\u00a0an AI", "nfkc"),
    ("Certainly!", "Cer\u200btain\u00adly! Paris.", "invisible"),
    ("Certainly!", "Certainly\ufe0f! Paris.", "invisible"),
    ("Certainly!", "Certainly\u2060! Paris.", "invisible"),
    ("As an AI language model", "As an AI\n  language\tmodel", "punctuation"),
    ("I can't", "I can\u2019t", "punctuation"),
    ("I can't", "I can`t", "punctuation"),
    ("well-known", "well\u2011known", "punctuation"),
    ("Wait...", "Wait\u2026 no", "nfkc"),
    ("Certainly!", "**Certainly**!", "markup"),
    ("As an AI", "As an `AI`", "markup"),
    ("Certainly", "_Certainly_", "exact"),
    ("Certainly!", "Сеrtаinlу! Paris.", "look-alike"),
    ("Certainly", "C-e-r-t-a-i-n-l-y", "spaced"),
    ("Certainly", "C e r t a i n l y", "spaced"),
    ("当然", "我当然可以", "exact"),
    ("C++", "Use C++.", "exact"),
]
FREE = [
    ("art", "a fresh start"),
    ("art", "artful"),
    ("Sure", "Measures matter."),
    ("together", "to get her home"),
    ("cat", "c a t"),  # three letters are too few to tell spacing from words
    ("AI", "Aisle nine, said the mail"),
    ("As an AI", "was an aircraft"),
    ("Certainly!", "Certainly, Paris."),
    ("café", "cafés"),
    ("Certainly!", "Certainly"),
    ("as a bot", "bot as a"),
    ("sure", "unsure, surely"),
    ("AI", "said, plain, ail"),
]
FOUND = [
    (r"as an? (ai|language model)", "i", "Well, As an AI, I float."),
    (r"\bas an? (ai|bot)\b", "i", "I speak as a bot."),
    (r"sor+y", "", "I am sorrry."),
    (r"sor+y", "", "I am \uff53orry."),
    (r"sor+y", "", "I am so\u200brry."),
    (r"^Sure", "", "Sure, here it is."),
    (r"friend[.!]$", "", "Hello, friend!"),
    (r"[0-9]{3}-[0-9]{4}", "", "Call 555-1234 now."),
    (r"colou?r\s+(red|blue)s?", "i", "COLOR \n blues"),
    (r"(?i:sorry)|Pardon", "", "SORRY"),
    (r"é+t", "", "un été"),
    (r"\w+@\w+\.com", "", "mail bob@host.com"),
    (r"it.s", "s", "it\ns"),
]
NOT_FOUND = [
    (r"\bas an? (ai|bot)\b", "i", "Basan ai was an aircraft"),
    (r"sor+y", "", "SORRY"),
    (r"^Sure", "", "For sure. Sure"),
    (r"friend[.!]$", "", "Hello, friend! Bye"),
    (r"[0-9]{3}-[0-9]{4}", "", "Call 55-1234 now."),
    (r"it.s", "", "it\ns"),
    (r"[^a]b", "", "ab"),
]

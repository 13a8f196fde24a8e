"""Finds books by words in their titles and authors."""
import re
import unicodedata

# Letters and digits of all alphabets: `\w` without the underscore.
WORD = re.compile(r"[^\W_]+")


def words(text):
    """The words of a text without accents and in lower case."""
    folded = "".join(char for char in unicodedata.normalize("NFD", text) if unicodedata.category(char) != "Mn")
    return WORD.findall(folded.lower())


def matches(book, query):
    """Whether the title and the authors of the book contain every word of the query. The last one
    may be the beginning of a word. A query without words matches nothing."""
    if not query:
        return False
    known = words(" ".join([book.title, *book.authors]))
    return all(word in known for word in query[:-1]) and any(word.startswith(query[-1]) for word in known)

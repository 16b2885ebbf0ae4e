from .. import books
from ..books import count
from . import sibling

result = (books.count, count, sibling.who)

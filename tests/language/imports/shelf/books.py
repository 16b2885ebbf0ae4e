from . import title as parent_title

print("books under", parent_title)
count = 3

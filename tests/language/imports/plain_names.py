shown = "shown"
_hidden = "hidden"
__dunder = 1

square = 4

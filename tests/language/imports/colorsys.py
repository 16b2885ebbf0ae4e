# Beside the script: it comes before the library's module of that name.
where = 'beside the script'

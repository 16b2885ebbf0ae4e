kind = "glossy"

print("shelf runs as", __name__)
title = "Shelf"

import circle_b

seen = circle_b.seen + ["a finished"]
late = 5

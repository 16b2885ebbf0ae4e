import circle_a

seen = ["b sees a: " + str(hasattr(circle_a, "late"))]
try:
    from circle_a import late
except ImportError as error:
    seen.append(str(error).split(" (")[0])

print("fails runs")
before = 1
raise ValueError("from the module")

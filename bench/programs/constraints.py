"""An incremental solver of one-way constraints with strengths: graph walks over small polymorphic objects."""
import sys
from time import perf_counter

SCALE = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
LENGTH = max(10, int(4000 * SCALE))
REQUIRED, STRONG, NORMAL, WEAK = 0, 1, 2, 3


class Variable:
    def __init__(self, name, value):
        self.name = name
        self.value = value
        self.constraints = []
        self.decided_by = None
        self.strength = WEAK + 1
        self.mark = 0

    def __repr__(self):
        return f"{self.name}={self.value}"


class Constraint:
    def __init__(self, strength):
        self.strength = strength
        self.satisfied = False

    def variables(self):
        raise NotImplementedError

    def attach(self, planner):
        for variable in self.variables():
            variable.constraints.append(self)
        planner.add(self)

    def detach(self, planner):
        for variable in self.variables():
            variable.constraints.remove(self)
        if self.satisfied:
            planner.remove(self)

    def is_input(self):
        return False


class Unary(Constraint):
    def __init__(self, variable, strength):
        super().__init__(strength)
        self.target = variable

    def variables(self):
        return (self.target,)

    def inputs(self):
        return ()

    def output(self):
        return self.target

    def choose(self, mark):
        self.satisfied = self.target.mark != mark and self.strength < self.target.strength
        return self.satisfied


class Stay(Unary):
    def execute(self):
        pass


class Edit(Unary):
    def is_input(self):
        return True

    def execute(self):
        pass


class Binary(Constraint):
    def __init__(self, first, second, strength):
        super().__init__(strength)
        self.first = first
        self.second = second
        self.forward = True

    def variables(self):
        return (self.first, self.second)

    def inputs(self):
        return (self.first,) if self.forward else (self.second,)

    def output(self):
        return self.second if self.forward else self.first

    def choose(self, mark):
        first, second = self.first, self.second
        if first.mark == mark:
            self.forward = True
            self.satisfied = second.mark != mark and self.strength < second.strength
        elif second.mark == mark:
            self.forward = False
            self.satisfied = first.mark != mark and self.strength < first.strength
        elif first.strength > second.strength:
            self.forward = False
            self.satisfied = self.strength < first.strength
        else:
            self.forward = True
            self.satisfied = self.strength < second.strength
        return self.satisfied


class Equal(Binary):
    def execute(self):
        if self.forward:
            self.second.value = self.first.value
        else:
            self.first.value = self.second.value


class Linear(Binary):
    def __init__(self, first, scale, offset, second, strength):
        super().__init__(first, second, strength)
        self.scale = scale
        self.offset = offset

    def variables(self):
        return (self.first, self.second, self.scale, self.offset)

    def inputs(self):
        return (self.first if self.forward else self.second, self.scale, self.offset)

    def execute(self):
        if self.forward:
            self.second.value = self.first.value * self.scale.value + self.offset.value
        else:
            self.first.value = (self.second.value - self.offset.value) // self.scale.value


class Planner:
    def __init__(self):
        self.mark = 0

    def next_mark(self):
        self.mark += 1
        return self.mark

    def add(self, constraint):
        mark = self.next_mark()
        overridden = self.satisfy(constraint, mark)
        while overridden is not None:
            overridden = self.satisfy(overridden, mark)

    def satisfy(self, constraint, mark):
        if not constraint.choose(mark):
            if constraint.strength == REQUIRED:
                raise ValueError("a required constraint cannot be met")
            return None
        for variable in constraint.inputs():
            variable.mark = mark
        output = constraint.output()
        overridden = output.decided_by
        if overridden is not None:
            overridden.satisfied = False
        output.decided_by = constraint
        self.propagate(constraint)
        output.mark = mark
        return overridden

    def propagate(self, constraint):
        todo = [constraint]
        while todo:
            each = todo.pop()
            output = each.output()
            output.strength = max([each.strength] + [v.strength for v in each.inputs()])
            each.execute()
            todo.extend(self.followers(output))

    @staticmethod
    def followers(variable):
        decided_by = variable.decided_by
        return [c for c in variable.constraints if c is not decided_by and c.satisfied and c.output() is not variable]

    def remove(self, constraint):
        output = constraint.output()
        constraint.satisfied = False
        output.decided_by = None
        output.strength = WEAK + 1
        unsatisfied, todo = [], [output]
        while todo:
            variable = todo.pop()
            for each in variable.constraints:
                if not each.satisfied:
                    unsatisfied.append(each)
            for each in self.followers(variable):
                each.output().strength = max([each.strength] + [v.strength for v in each.inputs()])
                each.execute()
                todo.append(each.output())
        for each in sorted(unsatisfied, key=lambda c: c.strength):
            if not each.satisfied:
                self.add(each)

    def plan_from(self, sources):
        plan, todo = [], [each for each in sources if each.satisfied]
        while todo:
            each = todo.pop()
            plan.append(each)
            todo.extend(self.followers(each.output()))
        return plan


def chain(length):
    planner = Planner()
    variables = [Variable(f"v{i}", 0) for i in range(length + 1)]
    for before, after in zip(variables, variables[1:]):
        Equal(before, after, REQUIRED).attach(planner)
    Stay(variables[-1], NORMAL).attach(planner)
    edit = Edit(variables[0], STRONG)
    edit.attach(planner)
    plan = planner.plan_from([edit])
    total = 0
    for i in range(20):
        variables[0].value = i
        for each in plan:
            each.execute()
        total += variables[-1].value
    edit.detach(planner)
    return total


def projection(length):
    planner = Planner()
    scale, offset = Variable("scale", 10), Variable("offset", 1000)
    sources, targets = [], []
    for i in range(length):
        source, target = Variable(f"s{i}", i), Variable(f"t{i}", i)
        Stay(source, WEAK).attach(planner)
        Linear(source, scale, offset, target, REQUIRED).attach(planner)
        sources.append(source)
        targets.append(target)
    total = 0
    for variable, values in ((sources[3], range(20)), (scale, range(5, 8)), (offset, range(2000, 2003))):
        edit = Edit(variable, STRONG)
        edit.attach(planner)
        plan = planner.plan_from([edit])
        for value in values:
            variable.value = value
            for each in plan:
                each.execute()
        total += sum(target.value for target in targets[: length - 1])
        edit.detach(planner)
    return total


start = perf_counter()
results = [chain(LENGTH), projection(LENGTH)]
print("TIME constraints", perf_counter() - start, LENGTH)
print("CHECK", *results)

"""Alpha-beta search on a small board with sliding and stepping pieces: lists of ints, tuples of moves, recursion."""
import sys
from time import perf_counter

SCALE = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
ROUNDS = max(1, int(24 * SCALE))
DEPTH = 4
SIZE = 6
WIDTH = SIZE + 2
OUTSIDE = 9
STEPS = {"king": (-9, -8, -7, -1, 1, 7, 8, 9), "rook": (-8, -1, 1, 8), "bishop": (-9, -7, 7, 9)}
PIECES = {1: ("pawn", 100), 2: ("bishop", 310), 3: ("rook", 500), 4: ("king", 20000)}
VALUES = [0] * 10
for number, (_, worth) in PIECES.items():
    VALUES[number] = worth
START = [
    "rbkkbr",
    "pppppp",
    "......",
    "......",
    "PPPPPP",
    "RBKKBR",
]
LETTERS = {".": 0, "p": -1, "b": -2, "r": -3, "k": -4, "P": 1, "B": 2, "R": 3, "K": 4}


class Position:
    def __init__(self, rows):
        self.board = [OUTSIDE] * WIDTH
        for row in rows:
            self.board += [OUTSIDE] + [LETTERS[letter] for letter in row] + [OUTSIDE]
        self.board += [OUTSIDE] * WIDTH
        self.side = 1
        self.score = 0
        self.history = []

    def moves(self):
        board, side = self.board, self.side
        captures, quiet = [], []
        for square in range(WIDTH, WIDTH * (SIZE + 1)):
            piece = board[square] * side
            if piece <= 0 or piece == OUTSIDE:
                continue
            kind = PIECES[piece][0]
            if kind == "pawn":
                ahead = square - WIDTH * side
                if board[ahead] == 0:
                    quiet.append((square, ahead, 0))
                for target in (ahead - 1, ahead + 1):
                    other = board[target] * side
                    if other < 0 and other != -OUTSIDE:
                        captures.append((square, target, -other))
            else:
                for step in STEPS[kind]:
                    target = square + step
                    while board[target] == 0:
                        quiet.append((square, target, 0))
                        if kind == "king":
                            break
                        target += step
                    else:
                        other = board[target]
                        if other != OUTSIDE and other * side < 0:
                            captures.append((square, target, -other * side))
        captures.sort(key=lambda move: move[2], reverse=True)
        return captures + quiet

    def make(self, move):
        source, target, _ = move
        board = self.board
        captured = board[target]
        self.history.append((move, captured, self.score))
        self.score += self.side * (VALUES[abs(captured)] + self.place(target) - self.place(source))
        board[target] = board[source]
        board[source] = 0
        self.side = -self.side

    def undo(self):
        (source, target, _), captured, self.score = self.history.pop()
        board = self.board
        board[source] = board[target]
        board[target] = captured
        self.side = -self.side

    @staticmethod
    def place(square):
        row, column = divmod(square, WIDTH)
        return 12 - abs(2 * row - 7) - abs(2 * column - 7)


class Searcher:
    def __init__(self):
        self.nodes = 0
        self.best = {}

    def search(self, position, depth, alpha, beta):
        self.nodes += 1
        if depth == 0:
            return position.side * position.score
        if abs(position.score) > 10000:
            return position.side * position.score - depth
        moves = position.moves()
        key = (tuple(position.board), position.side)
        hint = self.best.get(key)
        if hint in moves:
            moves.remove(hint)
            moves.insert(0, hint)
        best = -1000000
        for move in moves:
            position.make(move)
            score = -self.search(position, depth - 1, -beta, -alpha)
            position.undo()
            if score > best:
                best = score
                self.best[key] = move
                if score > alpha:
                    alpha = score
                    if alpha >= beta:
                        break
        return best


def play(rounds):
    position, searcher, scores = Position(START), Searcher(), []
    for _ in range(rounds):
        scores.append(searcher.search(position, DEPTH, -1000000, 1000000))
        position.make(searcher.best[tuple(position.board), position.side])
    return searcher.nodes, scores


start = perf_counter()
nodes, scores = play(ROUNDS)
print("TIME gametree", perf_counter() - start, nodes)
print("CHECK", nodes, scores)

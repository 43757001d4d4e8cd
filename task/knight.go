package task

import (
	"slices"
	"strings"

	"github.com/negativa-lab/negativa/internal/draw"
)

// knight: move a knight from one square of a chessboard to another in the fewest moves,
// without standing on some squares that are blocked.
//
// The prompt `a1>d4,c2,g7:` asks for the way from a1 to d4; c2 and g7 are blocked. `a1b3d4`,
// the squares that the knight stands on, is the answer. Several may be right, and all can be
// listed; each has one spelling. Harder: more moves.
type knight struct{ moves, blocked int }

const mostBlocked = 8

func newKnight(o options) (Family, error) {
	f := &knight{moves: 3, blocked: 2}
	set, err := o.set(option{"moves", &f.moves, 2, 5}, option{"blocked", &f.blocked, 0, mostBlocked})
	if err != nil {
		return nil, err
	}
	return list(&listed{
		name: "knight", options: set, alphabet: ",12345678:>abcdefgh", form: "a1>d4,c2,g7:",
		shape: shaped(`(?:[a-h][1-8])+`), longest: 2 * (f.moves + 1), draw: f.draw, read: readKnight,
	})
}

// square is 8 × rank + file.
type square int

func (s square) String() string { return string([]byte{'a' + byte(s%8), '1' + byte(s/8)}) }

// jumps lists the squares that a knight reaches in one move.
func (s square) jumps() []square {
	var out []square
	for _, by := range [][2]square{{1, 2}, {2, 1}, {2, -1}, {1, -2}, {-1, -2}, {-2, -1}, {-2, 1}, {-1, 2}} {
		if file, rank := s%8+by[0], s/8+by[1]; file >= 0 && file < 8 && rank >= 0 && rank < 8 {
			out = append(out, 8*rank+file)
		}
	}
	return out
}

type ride struct {
	from, to square
	blocked  []square // ascending
}

// far is how many moves away a square is that cannot be reached.
const far = 64

// moves counts the moves to r.to from every square; far: there is no way.
func (r ride) moves() [64]int {
	var moves [64]int
	for s := range moves {
		moves[s] = far
	}
	moves[r.to] = 0
	for reached := []square{r.to}; len(reached) > 0; reached = reached[1:] {
		for _, next := range reached[0].jumps() {
			if moves[next] == far && !slices.Contains(r.blocked, next) {
				moves[next] = moves[reached[0]] + 1
				reached = append(reached, next)
			}
		}
	}
	return moves
}

func (f *knight) draw(s draw.Source) puzzle {
	order := s.At(0).Perm(64)
	r := ride{to: square(order[0])}
	for _, blocked := range order[1 : 1+f.blocked] {
		r.blocked = append(r.blocked, square(blocked))
	}
	slices.Sort(r.blocked)
	var starts []square
	for from, moves := range r.moves() {
		if moves == f.moves {
			starts = append(starts, square(from))
		}
	}
	if len(starts) == 0 {
		return nil
	}
	r.from = starts[s.IntN(1, len(starts))]
	return r
}

func (r ride) prompt() string {
	var text strings.Builder
	text.WriteString(r.from.String() + ">" + r.to.String())
	for _, blocked := range r.blocked {
		text.WriteString("," + blocked.String())
	}
	return text.String()
}

func (r ride) answers() []string {
	left := r.moves()
	if left[r.from] == far {
		return nil
	}
	var out []string
	var move func(path string, at square)
	move = func(path string, at square) {
		if path += at.String(); at == r.to {
			out = append(out, path)
			return
		}
		for _, next := range at.jumps() {
			if left[next] == left[at]-1 {
				move(path, next)
			}
		}
	}
	move("", r.from)
	return out
}

func readKnight(prompt string) puzzle {
	var squares []square
	for text := range strings.FieldsFuncSeq(prompt, func(r rune) bool { return r == '>' || r == ',' }) {
		s, ok := parseSquare(text)
		if !ok || slices.Contains(squares, s) || len(squares) > 1+mostBlocked {
			return nil
		}
		squares = append(squares, s)
	}
	if len(squares) < 2 || !slices.IsSorted(squares[2:]) {
		return nil
	}
	return ride{squares[0], squares[1], squares[2:]}
}

func parseSquare(text string) (square, bool) {
	if len(text) != 2 || text[0] < 'a' || text[0] > 'h' || text[1] < '1' || text[1] > '8' {
		return 0, false
	}
	return 8*square(text[1]-'1') + square(text[0]-'a'), true
}

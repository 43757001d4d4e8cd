package task

import (
	"strings"

	"github.com/negativa-lab/negativa/internal/draw"
)

// knight: move a knight from one square of a chessboard to another in the fewest moves.
//
// The prompt `a1>d4:` is answered by the squares that it stands on, `a1b3d4` or `a1c2d4`.
// Several are right, at least two, and all can be listed; each has one spelling.
// Harder: more moves.
type knight struct{ moves int }

func newKnight(o options) (Family, error) {
	f := &knight{moves: 3}
	set, err := o.set(option{"moves", &f.moves, 2, 5})
	if err != nil {
		return nil, err
	}
	return list(&listed{
		name: "knight", options: set, alphabet: "12345678:>abcdefgh", form: "a1>d4:",
		shape: shaped(`(?:[a-h][1-8])+`), longest: 2 * (f.moves + 1), least: 2, draw: f.draw, read: readKnight,
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

// distances counts the moves from a square to every other.
func (s square) distances() [64]int {
	var moves [64]int
	for reached := []square{s}; len(reached) > 0; reached = reached[1:] {
		for _, next := range reached[0].jumps() {
			if next != s && moves[next] == 0 {
				moves[next] = moves[reached[0]] + 1
				reached = append(reached, next)
			}
		}
	}
	return moves
}

type ride struct{ from, to square }

func (f *knight) draw(s draw.Source) puzzle {
	from := square(s.IntN(0, 64))
	var far []square
	for to, moves := range from.distances() {
		if moves == f.moves {
			far = append(far, square(to))
		}
	}
	if len(far) == 0 {
		return nil
	}
	return ride{from, far[s.IntN(1, len(far))]}
}

func (r ride) prompt() string { return r.from.String() + ">" + r.to.String() }

func (r ride) answers() []string {
	left := r.to.distances()
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
	from, to, _ := strings.Cut(prompt, ">")
	a, okA := parseSquare(from)
	b, okB := parseSquare(to)
	if !okA || !okB || a == b {
		return nil
	}
	return ride{a, b}
}

func parseSquare(text string) (square, bool) {
	if len(text) != 2 || text[0] < 'a' || text[0] > 'h' || text[1] < '1' || text[1] > '8' {
		return 0, false
	}
	return 8*square(text[1]-'1') + square(text[0]-'a'), true
}

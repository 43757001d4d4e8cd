package task

import (
	"slices"

	"github.com/negativa-lab/negativa"
)

// Tag says what a character of an answer is for.
type Tag uint8

// The plan and its execution, as in "Emergent Hierarchical Reasoning" (2509.03646), where
// they are guessed from n-grams; here they are known.
const (
	Execution Tag = iota // calculation, copying, punctuation
	Strategy             // the choice of a method
)

// String is the tag's name.
func (t Tag) String() string { return [...]string{"execution", "strategy"}[t] }

// Tagged is a family whose answers consist of strategy and execution by construction.
type Tagged interface {
	Family
	// Tags gives the tag of each byte of any text.
	Tags(completion string) []Tag
	// Mistake is the tag of the place at which a wrong answer leaves the right ones:
	// what was said there, or left unsaid. It is false if the answer is not Wrong.
	Mistake(p negativa.Problem, completion string) (Tag, bool)
}

// As is the family of a problem as a T, such as a Tagged one: known itself, or of a mixture
// the part that the problem is of. It is false if that is no T.
func As[T any](known any, p negativa.Problem) (T, bool) {
	if m, mixed := known.(*mixture); mixed {
		part, err := m.part(p)
		if err != nil {
			var none T
			return none, false
		}
		known = part
	}
	t, ok := known.(T)
	return t, ok
}

// All tells whether every problem of a family is of a T: of a mixture, whether every part is.
func All[T any](known any) bool {
	m, mixed := known.(*mixture)
	if !mixed {
		_, ok := known.(T)
		return ok
	}
	return !slices.ContainsFunc(m.parts, func(part Family) bool { return !All[T](part) })
}

package task

import "github.com/negativa-lab/negativa"

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

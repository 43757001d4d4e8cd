package verify_test

import (
	"fmt"

	"github.com/negativa-lab/negativa"
	"github.com/negativa-lab/negativa/verify"
)

func ExampleMath_Grade() {
	var m verify.Math
	for _, response := range []string{
		`So the probability is $\boxed{0.5}$.`,
		`So the probability is $\boxed{50\%}$.`,
		`So the probability is about $\boxed{0.49}$.`,
		`I could not finish.`,
	} {
		g := m.Grade(`\frac{1}{2}`, response)
		fmt.Printf("%v: %s\n", g.Outcome, g.Reason)
	}
	// Output:
	// correct: the same expression
	// correct: equal in normal form
	// wrong: different in normal form
	// unparsed prediction: there is no answer in the response
}

func ExampleMath_Explain() {
	var m verify.Math
	fmt.Print(m.Explain(`$2x+4y-3=0$`, `Solving for $y$ gives \boxed{y = -\frac{1}{2}x + \frac{3}{4}}.`))
	// Output:
	// mode       math
	// gold       $2x+4y-3=0$
	//   read as  2*x+4*y-3=0
	// answer     y = -\frac{1}{2}x + \frac{3}{4}, by the last box
	//   read as  -(1/2)*x+3/4
	// verdict    correct: equal in normal form
}

// A strict grader, for training, takes no answer from a response whose boxes disagree.
func ExampleNew() {
	m, err := verify.New("strict")
	if err != nil {
		panic(err)
	}
	g := m.Grade("5", `\boxed{4}, no, \boxed{5}`)
	fmt.Printf("%v: %s\n", g.Outcome, g.Reason)
	// Output:
	// wrong: boxes disagree: 4 and 5
}

func ExampleMath_Verify() {
	p := negativa.Problem{ID: "roots", Prompt: "Solve x^2 = 1.", Gold: `\{-1, 1\}`}
	v := verify.Math{}.Verify(p, `Both roots count: \boxed{x = \pm 1}`)
	fmt.Println(v.Outcome, v.Answer)
	// Output:
	// correct {-1,1}
}

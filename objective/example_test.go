package objective_test

import (
	"fmt"

	"github.com/negativa-lab/negativa/objective"
)

// Numbers start from the source's and are checked when they change.
func ExampleNew() {
	o, err := objective.Default("w-reinforce")
	if err != nil {
		panic(err)
	}
	p := o.Params
	p.Lambda = 0.25
	o, err = objective.New("w-reinforce", p)
	fmt.Println(o.Formula, err)
	fmt.Println(o.Advantages([][]float64{{1, 0}}))

	p.Lambda = -1
	_, err = objective.New("w-reinforce", p)
	fmt.Println(err)

	_, err = objective.New("w-reinforse", o.Params)
	fmt.Println(err)
	// Output:
	// L = −Σ w·min(ρA, clip(ρ)A); A = λr + (r − 1) <nil>
	// [[0.25 -1]]
	// lambda is -1; it must be a finite number, 0 or above
	// objective "w-reinforse" is not known: did you mean "w-reinforce"? (objectives: psr, nsr, w-reinforce, reinforce, rloo, grpo, dr-grpo, ppo, dapo, gspo, cispo, hicra)
}

// One right answer in four to a first problem, none to a second: NSR and the signed
// objectives learn from the second, those that compare answers do not.
func ExampleObjective_Advantages() {
	rewardsPG := [][]float64{{1, 0, 0, 0}, {0, 0, 0, 0}}
	for _, name := range []string{"psr", "nsr", "w-reinforce", "reinforce", "rloo", "grpo", "dr-grpo"} {
		o, err := objective.Default(name)
		if err != nil {
			panic(err)
		}
		fmt.Printf("%-11s %5.2f\n", name, o.Advantages(rewardsPG))
	}
	// Output:
	// psr         [[ 1.00  0.00  0.00  0.00] [ 0.00  0.00  0.00  0.00]]
	// nsr         [[ 0.00 -1.00 -1.00 -1.00] [-1.00 -1.00 -1.00 -1.00]]
	// w-reinforce [[ 0.10 -1.00 -1.00 -1.00] [-1.00 -1.00 -1.00 -1.00]]
	// reinforce   [[ 1.00 -1.00 -1.00 -1.00] [-1.00 -1.00 -1.00 -1.00]]
	// rloo        [[ 1.00 -0.33 -0.33 -0.33] [ 0.00  0.00  0.00  0.00]]
	// grpo        [[ 1.50 -0.50 -0.50 -0.50] [ 0.00  0.00  0.00  0.00]]
	// dr-grpo     [[ 0.75 -0.25 -0.25 -0.25] [ 0.00  0.00  0.00  0.00]]
}

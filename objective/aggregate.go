package objective

// Normaliser names what the sum of token losses is divided by. It is part of the
// objective: papers differ in it, and it changes what is learnt.
type Normaliser string

// With B rows of T_i tokens, N tokens in all:
const (
	TokenMean        Normaliser = "token-mean"          // 1/N
	SeqMeanTokenSum  Normaliser = "seq-mean-token-sum"  // 1/B
	SeqMeanTokenMean Normaliser = "seq-mean-token-mean" // 1/(B·T_i)
	Constant         Normaliser = "constant"            // 1/(B·MaxCompletionLength)
)

// Normalisers lists them.
var Normalisers = []Normaliser{TokenMean, SeqMeanTokenSum, SeqMeanTokenMean, Constant}

// Over names the rows that a normaliser counts.
type Over string

// Kept rows have a non-zero advantage. In the paper's code PSR and NSR average over
// kept rows and W-REINFORCE over all, so that λ → 0 is not NSR there.
const (
	Kept Over = "kept"
	All  Over = "all"
)

// Weights gives each row of a mini-batch its weight, such that Σ_i w_i Σ_t ℓ_it is the
// stated mean. Rows that do not count, and all rows of a batch in which none counts,
// weigh nothing.
func (o Objective) Weights(lengths []int, kept []bool) []float64 {
	p := o.Params
	rows, tokens := 0, 0
	for i, n := range lengths {
		if kept[i] || p.Over == All {
			rows++
			tokens += n
		}
	}
	weights := make([]float64, len(lengths))
	for i, n := range lengths {
		if (kept[i] || p.Over == All) && n > 0 {
			weights[i] = p.weight(rows, tokens, n)
		}
	}
	return weights
}

func (p Params) weight(rows, tokens, length int) float64 {
	switch p.Normaliser {
	case SeqMeanTokenSum:
		return 1 / float64(rows)
	case SeqMeanTokenMean:
		return 1 / float64(rows*length)
	case Constant:
		return 1 / float64(rows*p.MaxCompletionLength)
	default:
		return 1 / float64(tokens)
	}
}

package eval

import (
	"fmt"
	"math/big"
)

// Ballot is what majority vote sees of a question's samples.
type Ballot struct {
	ID    string
	Right []int // samples of each correct answer
	Wrong []int // samples of each wrong answer
	Blank int   // samples without an answer: they are drawn, and do not vote
}

// MajorityAtK is the probability that majority vote over k samples (Wang et al. 2022,
// 2203.11171), drawn without replacement from the ballot, gives a correct answer. The
// most frequent answer wins, and of tied ones each with equal probability; if all k are
// blank no answer does. At k = 1 it is Pass@1.
//
// It takes at most n²·k²/2 operations on integers for n samples, mostly far fewer.
// Negative counts and k outside [1, n] are errors.
func MajorityAtK(b Ballot, k int) (*big.Rat, error) {
	if err := b.validate(k); err != nil {
		return nil, err
	}
	won := new(big.Rat)
	for m := 1; m <= min(k, b.most()); m++ {
		for t, ways := range b.wins(k, m) {
			if t > 0 {
				won.Add(won, new(big.Rat).SetFrac(ways, big.NewInt(int64(t))))
			}
		}
	}
	return won.Quo(won, new(big.Rat).SetInt(binomial(b.n(), k))), nil
}

func (b Ballot) validate(k int) error {
	for _, count := range append(b.counts(), b.Blank) {
		if count < 0 {
			return fmt.Errorf("majority vote on question %q: %d samples of one answer cannot be", b.ID, count)
		}
	}
	if n := b.n(); k < 1 || k > n {
		return fmt.Errorf("majority vote of %d on question %q, which has %d samples: k must be from 1 to %d", k, b.ID, n, n)
	}
	return nil
}

// counts lists the samples of each answer, correct answers first.
func (b Ballot) counts() []int {
	return append(append(make([]int, 0, len(b.Right)+len(b.Wrong)+1), b.Right...), b.Wrong...)
}

// n is the number of samples.
func (b Ballot) n() int {
	n := b.Blank
	for _, count := range b.counts() {
		n += count
	}
	return n
}

// most is the number of samples of the most frequent answer.
func (b Ballot) most() int {
	most := 0
	for _, count := range b.counts() {
		most = max(most, count)
	}
	return most
}

// contender is an answer that has enough samples to get a given number of votes.
type contender struct {
	count int
	right bool
}

// contenders separates the answers with at least m samples from all other samples.
func (b Ballot) contenders(m int) (top []contender, others int) {
	others = b.Blank
	for i, count := range b.counts() {
		if count < m {
			others += count
		} else {
			top = append(top, contender{count, i < len(b.Right)})
		}
	}
	return top, others
}

// wins counts, for each number t of answers that lead with m votes each, the pairs of a
// draw of k samples and a correct answer among those t.
//
// Answers join one after the other. all[t][j] counts the draws of j samples in which t
// answers have m votes and none has more; right[t][j] counts the pairs. Samples of
// answers that cannot get m votes, and blank ones, are free: they join as one.
func (b Ballot) wins(k, m int) []*big.Int {
	top, others := b.contenders(m)
	most := min(len(top), k/m)
	all, right := integers(most+1, k+1), integers(most+1, k+1)
	for j := range k + 1 {
		all[0][j] = binomial(others, j)
	}
	for _, c := range top {
		fewer := make([]*big.Int, m)
		for i := range fewer {
			fewer[i] = binomial(c.count, i)
		}
		lead := binomial(c.count, m)
		for t := most; t >= 0; t-- {
			convolve(all[t], fewer)
			convolve(right[t], fewer)
			if t == 0 {
				break
			}
			addShifted(all[t], all[t-1], lead, m)
			addShifted(right[t], right[t-1], lead, m)
			if c.right {
				addShifted(right[t], all[t-1], lead, m)
			}
		}
	}
	ways := make([]*big.Int, most+1)
	for t := range ways {
		ways[t] = right[t][k]
	}
	return ways
}

func integers(rows, columns int) [][]*big.Int {
	table := make([][]*big.Int, rows)
	for t := range table {
		table[t] = make([]*big.Int, columns)
		for j := range table[t] {
			table[t][j] = new(big.Int)
		}
	}
	return table
}

// convolve multiplies the polynomial p by q, whose constant term is 1, and drops the
// powers beyond p's. From the highest power down, what is read has not changed yet.
func convolve(p, q []*big.Int) {
	var term big.Int
	for j := len(p) - 1; j >= 0; j-- {
		for i := 1; i <= min(j, len(q)-1); i++ {
			if p[j-i].Sign() != 0 {
				p[j].Add(p[j], term.Mul(p[j-i], q[i]))
			}
		}
	}
}

// addShifted adds factor·x^m·q to the polynomial p and drops the powers beyond p's.
func addShifted(p, q []*big.Int, factor *big.Int, m int) {
	var term big.Int
	for j := m; j < len(p); j++ {
		p[j].Add(p[j], term.Mul(q[j-m], factor))
	}
}

package task

import (
	"strconv"
	"strings"

	"github.com/negativa-lab/negativa/internal/draw"
)

// coins: pay an amount with the fewest coins.
//
// The prompt `12/1,4,6,9:` is answered `6+6`, not `9+1+1+1` as a greedy payer would; any
// order of terms is right, and the canonical form is ascending. Several answers may be
// right, and all can be listed. Harder: more kinds of coins, larger ones.
type coins struct {
	coins int // kinds, 1 among them
	max   int // the others are in 2 … max
}

const mostCoins = 6 // that an amount is paid with

func newCoins(o options) (Family, error) {
	f := &coins{coins: 4, max: 20}
	set, err := o.set(option{"coins", &f.coins, 2, 8}, option{"max", &f.max, 8, 99})
	if err != nil {
		return nil, err
	}
	return list(&listed{
		name: "coins", options: set, alphabet: "+,/0123456789:", form: "12/1,4,6,9:",
		shape: shaped(`N(?:\+N)*`), canonical: inOrder, longest: mostCoins * (width(f.max) + 1), draw: f.draw, read: readCoins,
	})
}

type payment struct {
	amount int
	coins  []int // ascending, from 1
}

// draw takes an amount above the largest coin.
func (f *coins) draw(s draw.Source) puzzle {
	p := payment{coins: append([]int{1}, distinct(s.At(0), f.coins-1, 2, f.max)...)}
	p.amount = p.coins[len(p.coins)-1] + 1 + s.IntN(0, 2*f.max)
	if p.fewest()[p.amount] > mostCoins {
		return nil
	}
	return p
}

func (p payment) prompt() string { return strconv.Itoa(p.amount) + "/" + joined(p.coins, ",") }

// fewest counts the coins for each amount up to the one to pay.
func (p payment) fewest() []int {
	count := make([]int, p.amount+1)
	for amount := 1; amount <= p.amount; amount++ {
		count[amount] = amount
		for _, c := range p.coins {
			if c <= amount {
				count[amount] = min(count[amount], count[amount-c]+1)
			}
		}
	}
	return count
}

func (p payment) answers() []string {
	fewest := p.fewest()
	var out []string
	var pay func(paid []int, left int)
	pay = func(paid []int, left int) {
		if left == 0 {
			out = append(out, joined(paid, "+"))
			return
		}
		for _, c := range p.coins {
			inOrder := len(paid) == 0 || c >= paid[len(paid)-1]
			if c <= left && inOrder && fewest[left-c] == fewest[left]-1 {
				pay(append(paid[:len(paid):len(paid)], c), left-c)
			}
		}
	}
	pay(nil, p.amount)
	return out
}

func readCoins(prompt string) puzzle {
	left, right, _ := strings.Cut(prompt, "/")
	amount, kinds := integers(left), integers(right)
	if len(amount) != 1 || amount[0] < 1 || amount[0] > 999 || len(kinds) < 1 || len(kinds) > 8 || kinds[0] != 1 || !ascending(kinds) {
		return nil
	}
	if p := (payment{amount[0], kinds}); p.fewest()[p.amount] <= mostCoins {
		return p
	}
	return nil
}

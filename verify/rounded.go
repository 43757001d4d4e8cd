package verify

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/negativa-lab/negativa/verify/algebra"
)

// maxDecimals bounds the decimals that a mode may ask for.
const maxDecimals = 12

// decimalsOf reads the option of a mode, decimals=N.
func decimalsOf(mode, option string) (int, error) {
	n, _ := strconv.Atoi(strings.TrimPrefix(option, "decimals="))
	switch {
	case mode == modePaper:
		return 0, fmt.Errorf("mode %s:%s: paper has a tolerance of its own: leave the option out, or take it with math or strict", mode, option)
	case option != fmt.Sprint("decimals=", n) || n < 1 || n > maxDecimals:
		return 0, fmt.Errorf("mode %s:%s: the option of a mode is decimals=N, with N from 1 to %d, as in %s:decimals=4", mode, option, maxDecimals, mode)
	}
	return n, nil
}

// same tells whether numbers are equal, or as good as that by the tolerance asked for.
func (c *comparison) same(x, y *algebra.Expr) bool {
	return c.decide(x, y) || c.decimals > 0 && c.agree(x, y)
}

// agree tells whether numbers are the same when they are rounded, half away from zero.
func (c *comparison) agree(x, y *algebra.Expr) bool {
	a, aKnown := rounded(x, c.decimals, c.budget)
	b, bKnown := rounded(y, c.decimals, c.budget)
	if !aKnown || !bKnown || a != b {
		return false
	}
	c.how = fmt.Sprintf("equal when rounded to %d decimals", c.decimals)
	return true
}

// rounded writes a number with some decimals. It is not known where there is no real value,
// or where a float64 does not tell it to that place.
func rounded(x *algebra.Expr, decimals int, b *algebra.Budget) (s string, known bool) {
	if n, ok := algebra.Simplified(x, b); ok {
		return unsignedZero(n.Value.FloatString(decimals)), true
	}
	v, ok := algebra.Float(x, b)
	if !ok || math.Abs(v)*math.Pow10(decimals) >= 1<<52 {
		return "", false
	}
	return unsignedZero(new(big.Rat).SetFloat64(v).FloatString(decimals)), true
}

// unsignedZero is a decimal without the sign of a zero.
func unsignedZero(s string) string {
	if strings.Trim(s, "-0.") == "" {
		return strings.TrimPrefix(s, "-")
	}
	return s
}

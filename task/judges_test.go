package task

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// judges decide whether a text answers a prompt (without its colon), each in another way
// than the family does: they check where it constructs, or the other way round.
var judges = map[string]func(prompt, text string) bool{
	"boolean":   judgeBoolean,
	"brackets":  judgeBrackets,
	"caesar":    judgeCaesar,
	"chain":     func(prompt, text string) bool { return judgeChain(prompt, text, 0) },
	"coins":     judgeCoins,
	"colouring": judgeColouring,
	"gcd":       judgeGCD,
	"knight":    judgeKnight,
	"linear":    judgeLinear,
	"methods":   judgeMethods,
	"modular": func(prompt, text string) bool {
		expression, modulus, _ := strings.Cut(prompt, "%")
		return judgeChain(expression, text, atoi(modulus))
	},
	"parity":   judgeParity,
	"radix":    judgeRadix,
	"reverse":  judgeReverse,
	"sequence": judgeSequence,
	"sorting":  judgeSorting,
	"subset":   judgeSubset,
}

// equation reads a∘b=c.
func readEquation(line string) (a int, op byte, b, c int, ok bool) {
	left, right, found := strings.Cut(line, "=")
	at := strings.IndexAny(left, "+-*/%")
	if !found || at < 1 {
		return 0, 0, 0, 0, false
	}
	a, b, c = atoi(left[:at]), atoi(left[at+1:]), atoi(right)
	return a, left[at], b, c, min(a, b, c) >= 0
}

func holds(a int, op byte, b, c, modulus int) bool {
	var difference int
	switch op {
	case '+':
		difference = a + b - c
	case '-':
		difference = a - b - c
	case '*':
		difference = a*b - c
	default:
		return false
	}
	if modulus > 0 {
		return difference%modulus == 0 && c < modulus
	}
	return difference == 0
}

// Leaving results out of the steps gives the prompt again.
func judgeChain(prompt, text string, modulus int) bool {
	asked, last := "", -1
	for line := range strings.SplitSeq(text, ";") {
		a, op, b, c, ok := readEquation(line)
		if !ok || !holds(a, op, b, c, modulus) || last >= 0 && a != last {
			return false
		}
		if last < 0 {
			asked = strconv.Itoa(a)
		}
		asked += string(op) + strconv.Itoa(b)
		last = c
	}
	return asked == prompt
}

func judgeGCD(prompt, text string) bool {
	lines := strings.Split(text, ";")
	before := strings.Split(strings.Trim(prompt, "()"), ",")
	a, b := atoi(before[0]), atoi(before[1])
	for _, line := range lines[:len(lines)-1] {
		x, op, y, r, ok := readEquation(line)
		if !ok || op != '%' || x != a || y != b || b == 0 || r >= b || (a-r)%b != 0 {
			return false
		}
		a, b = b, r
	}
	return b == 0 && atoi(lines[len(lines)-1]) == a && len(lines) > 1
}

func judgeRadix(prompt, text string) bool {
	number, radix, _ := strings.Cut(prompt, ">")
	n, base := atoi(number), atoi(radix)
	lines := strings.Split(text, ";")
	left := n
	for _, line := range lines[:len(lines)-1] {
		var a, q, by, r int
		if _, err := fmt.Sscanf(line, "%d=%d*%d+%d", &a, &q, &by, &r); err != nil || fmt.Sprintf("%d=%d*%d+%d", a, q, by, r) != line {
			return false
		}
		if a != left || a == 0 || by != base || r < 0 || r >= base || q*base+r != a {
			return false
		}
		left = q
	}
	written := lines[len(lines)-1]
	value, err := strconv.ParseInt(written, base, 64)
	return err == nil && left == 0 && int(value) == n && written == strconv.FormatInt(value, base)
}

func judgeSorting(prompt, text string) bool {
	count := map[int]int{}
	for n := range strings.SplitSeq(prompt, ",") {
		count[atoi(n)]++
	}
	last, written := -1, 0
	for n := range strings.SplitSeq(text, ",") {
		if atoi(n) < last || count[atoi(n)] == 0 {
			return false
		}
		last = atoi(n)
		count[last]--
		written++
	}
	return written == strings.Count(prompt, ",")+1
}

func judgeParity(prompt, text string) bool {
	for i := range text {
		if i >= len(prompt) || int(text[i]-'0') != strings.Count(prompt[:i+1], "1")%2 {
			return false
		}
	}
	return len(text) == len(prompt)
}

func judgeReverse(prompt, text string) bool {
	for i := range text {
		if i+1 >= len(prompt) || text[i] != prompt[len(prompt)-1-i] {
			return false
		}
	}
	return len(text) == len(prompt)-1
}

func judgeCaesar(prompt, text string) bool {
	word, by, _ := strings.Cut(prompt, "+")
	const turn = "abcdefghabcdefgh"
	for i := range text {
		if i >= len(word) || turn[strings.IndexByte(turn, word[i])+atoi(by)] != text[i] {
			return false
		}
	}
	return len(text) == len(word)
}

func judgeBrackets(prompt, text string) bool {
	row, more, _ := strings.Cut(prompt, ">")
	if len(text) != atoi(more) {
		return false
	}
	for row += text; ; {
		shorter := strings.ReplaceAll(strings.ReplaceAll(row, "()", ""), "[]", "")
		if shorter == row {
			return row == ""
		}
		row = shorter
	}
}

func judgeLinear(prompt, text string) bool {
	left, right, _ := strings.Cut(prompt, "=")
	times, rest, _ := strings.Cut(left, "*a")
	for a := range 1000 {
		value, back := atoi(times)*a+atoi(rest[1:]), "-"
		if rest[0] == '-' {
			value, back = atoi(times)*a-atoi(rest[1:]), "+"
		}
		if value == atoi(right) {
			product := atoi(times) * a
			return text == fmt.Sprintf("%s%s%s=%d;%d/%s=%d", right, back, rest[1:], product, product, times, a)
		}
	}
	return false
}

func judgeSubset(prompt, text string) bool {
	given, sum, _ := strings.Cut(prompt, ">")
	numbers, total := strings.Split(given, ","), 0
	for term := range strings.SplitSeq(text, "+") {
		i := slices.Index(numbers, term)
		if i < 0 {
			return false
		}
		numbers = slices.Delete(numbers, i, i+1)
		total += atoi(term)
	}
	return total == atoi(sum)
}

func judgeCoins(prompt, text string) bool {
	amount, kinds, _ := strings.Cut(prompt, "/")
	coins := strings.Split(kinds, ",")
	total, paid := 0, strings.Split(text, "+")
	for _, c := range paid {
		if !slices.Contains(coins, c) {
			return false
		}
		total += atoi(c)
	}
	reachable := map[int]bool{0: true} // with one coin less than those paid
	for range len(paid) - 1 {
		next := map[int]bool{0: true}
		for sum := range reachable {
			next[sum] = true
			for _, c := range coins {
				next[sum+atoi(c)] = true
			}
		}
		reachable = next
	}
	return total == atoi(amount) && !reachable[total]
}

func judgeBoolean(prompt, text string) bool {
	at := prompt
	for line := range strings.SplitSeq(text, "=") {
		first, found, value := len(at), "", ""
		for pattern, v := range map[string]string{"!0": "1", "!1": "0", "(0&0)": "0", "(0&1)": "0", "(1&0)": "0", "(1&1)": "1", "(0|0)": "0", "(0|1)": "1", "(1|0)": "1", "(1|1)": "1"} {
			if i := strings.Index(at, pattern); i >= 0 && i < first {
				first, found, value = i, pattern, v
			}
		}
		if found == "" || at[:first]+value+at[first+len(found):] != line {
			return false
		}
		at = line
	}
	return len(at) == 1 && truth(prompt) == (at == "1")
}

// truth evaluates an expression from the outside.
func truth(e string) bool {
	if e[0] == '!' {
		return !truth(e[1:])
	}
	if len(e) == 1 {
		return e == "1"
	}
	depth := 0
	for i := 1; i < len(e)-1; i++ {
		switch {
		case e[i] == '(':
			depth++
		case e[i] == ')':
			depth--
		case depth == 0 && e[i] == '&':
			return truth(e[1:i]) && truth(e[i+1:len(e)-1])
		case depth == 0 && e[i] == '|':
			return truth(e[1:i]) || truth(e[i+1:len(e)-1])
		}
	}
	return false
}

// The first levels are linear: the text is known from the first two terms.
func judgeSequence(prompt, text string) bool {
	t := strings.Split(prompt, ",")
	by, last := atoi(t[1])-atoi(t[0]), atoi(t[len(t)-2])
	return text == fmt.Sprintf("%d,%d>%d>%d", by, by, by, last+by)
}

func judgeKnight(prompt, text string) bool {
	ends, blocked, _ := strings.Cut(prompt, ",")
	from, to, _ := strings.Cut(ends, ">")
	if len(text) < 4 || len(text)%2 != 0 || text[:2] != from || text[len(text)-2:] != to || strings.Trim(text, "abcdefgh12345678") != "" {
		return false
	}
	for i := 2; i < len(text); i += 2 {
		file, rank := int(text[i])-int(text[i-2]), int(text[i+1])-int(text[i-1])
		if file*rank != 2 && file*rank != -2 || text[i] < 'a' || text[i+1] > '8' || strings.Contains(blocked, text[i:i+2]) {
			return false
		}
	}
	// The first level has two moves: no path is shorter, if the ends are no move apart.
	file, rank := int(to[0])-int(from[0]), int(to[1])-int(from[1])
	return len(text) == 6 && file*rank != 2 && file*rank != -2
}

func judgeColouring(prompt, text string) bool {
	if strings.Trim(text, "123") != "" {
		return false
	}
	last := 0
	for edge := range strings.SplitSeq(prompt, ",") {
		a, b := int(edge[0]-'a'), int(edge[1]-'a')
		last = max(last, a, b)
		if max(a, b) >= len(text) || text[a] == text[b] {
			return false
		}
	}
	return len(text) == last+1
}

// The first level has two factors.
func judgeMethods(prompt, text string) bool {
	left, right, _ := strings.Cut(prompt, "x")
	a, b := atoi(left), atoi(right)
	if text == "" || strings.Contains(text[1:], "d") || strings.Contains(text[1:], "r") || strings.Contains(text[1:], "f") {
		return false
	}
	var x, y, z, n [3]int // steps x∘y=z
	lines := strings.Split(text[1:], ";")
	var ops strings.Builder
	for i, line := range lines {
		if i > 2 {
			return false
		}
		op, ok := byte(0), false
		x[i], op, y[i], z[i], ok = readEquation(line)
		if !ok || !holds(x[i], op, y[i], z[i], 0) {
			return false
		}
		ops.WriteString(string(op))
	}
	n[0] = y[0] * y[1]
	switch text[0] {
	case 'd', 'r':
		fits := x[0] == a && x[1] == a && x[2] == z[0] && y[2] == z[1] && z[2] == a*b && y[0]%10 == 0
		return fits && (text[0] == 'd' && ops.String() == "**+" && y[1] < 10 && y[1] > 0 && y[0] > 0 || text[0] == 'r' && ops.String() == "**-" && (y[1] == 1 || y[1] == 2))
	case 'f':
		smallest := true
		for p := 2; p < y[0]; p++ {
			smallest = smallest && (b%p != 0 || b/p > 9)
		}
		return ops.String() == "**" && x[0] == a && x[1] == z[0] && n[0] == b && z[1] == a*b && y[0] > 1 && y[0] <= y[1] && y[1] < 10 && smallest
	}
	return false
}

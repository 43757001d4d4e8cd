package verify

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// kind tells what a token is.
type kind uint8

const (
	end     kind = iota
	numeral      // digits, with a point perhaps
	letter       // one letter, a Greek letter, or a named constant
	word         // text: a unit, a noun, an answer in words
	command      // a function or structure, without its backslash
	mark         // one character, or a relation
)

type token struct {
	kind   kind
	text   string
	spaced bool // there is a space before it
}

// maxTokens bounds the length of an answer.
const maxTokens = 4000

var errTooLong = errors.New("the answer is too long")

// ignored are commands that only change how something looks; what they take remains.
var ignored = []string{
	"mathrm", "mathbf", "mathit", "mathsf", "mathcal", "mathbb", "rm", "bf", "it", "operatorname", "boxed", "fbox", "vec", "hat", "tilde", "underline",
	"tiny", "scriptsize", "small", "normalsize", "large", "Large", "LARGE", "huge", "Huge", "overrightarrow", "bfseries",
}

// textual are commands whose argument is text.
var textual = []string{"text", "textbf", "textit", "textrm", "textsf", "texttt", "textnormal", "mbox", "hbox", "textup", "emph", "mathrm", "operatorname", "rm"}

// hidden are commands whose argument is not to be seen.
var hidden = []string{"phantom", "hphantom", "vphantom", "label", "tag", "color", "textcolor", "hspace", "vspace", "kern"}

// named are runs of letters that mean something without a backslash.
var named = []string{
	"sqrt", "frac", "sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "asin", "acos", "atan", "sinh", "cosh", "tanh",
	"ln", "log", "exp", "pi", "inf", "infinity", "infty", "abs", "floor", "ceil", "cbrt", "gcd", "lcm", "max", "min", "binom", "oo", "lg",
}

// stopWords are words of a sentence, which is not a product of letters.
var stopWords = []string{
	"is", "so", "the", "of", "it", "not", "we", "an", "to", "by", "for", "has", "are", "as", "at", "be", "if", "on", "no", "was", "you", "its", "can", "get", "our", "but", "all", "any", "yes",
}

var greek = []string{
	"alpha", "beta", "gamma", "delta", "epsilon", "varepsilon", "zeta", "eta", "theta", "vartheta", "iota", "kappa", "lambda", "mu", "nu", "xi", "rho", "sigma",
	"tau", "upsilon", "phi", "varphi", "chi", "psi", "omega", "Gamma", "Delta", "Theta", "Lambda", "Sigma", "Phi", "Psi", "Omega", "ell", "triangle", "angle",
}

var relations = map[string]string{
	"le": "≤", "ge": "≥", "ne": "≠", "approx": "≈", "sim": "∼", "simeq": "≈", "cong": "≈", "in": "∈", "equiv": "≡",
	"cup": "∪", "bigcup": "∪", "cap": "∩", "bigcap": "∩", "setminus": "∖", "pm": "±", "mp": "∓", "cdot": "*", "times": "*", "ast": "*", "div": "/", "colon": ":", "mid": "|", "to": "→",
	"circ": "°", "prime": "'", "land": "and", "lor": "or", "wedge": "and", "vee": "or", "%": "%", "$": "$", "#": "#", "&": "&", "{": `\{`, "}": `\}`, "cr": `\\`, "langle": "⟨", "rangle": "⟩",
	"lfloor": "⌊", "rfloor": "⌋", "lceil": "⌈", "rceil": "⌉", "emptyset": "∅", "varnothing": "∅", "ldots": "…", "_": "_",
}

type lexer struct {
	s      string
	i      int
	tokens []token
	spaced bool
}

// lex cuts a clean answer into tokens.
func lex(s string) ([]token, error) {
	l := &lexer{s: s, tokens: make([]token, 0, len(s)/2+4)}
	for l.i < len(l.s) {
		if len(l.tokens) > maxTokens {
			return nil, errTooLong
		}
		if err := l.next(); err != nil {
			return nil, err
		}
	}
	return append(l.tokens, token{kind: end}), nil
}

func (l *lexer) put(k kind, text string, length int) {
	l.tokens = append(l.tokens, token{kind: k, text: text, spaced: l.spaced})
	l.i += length
	l.spaced = false
}

func (l *lexer) next() error {
	c := l.s[l.i]
	switch {
	case c == ' ':
		l.spaced = true
		l.i++
	case isDigit(c) || c == '.' && (isDigitAt(l.s, l.i+1) || repeats(l.s[l.i+1:])):
		l.number()
	case isLetter(c):
		l.letters()
	case c == '\\':
		return l.command()
	case c == '$':
		l.i++ // the border of a formula inside an answer
	case strings.IndexByte("+-*/^_!%(){}[]|,;:=<>&'#?", c) >= 0:
		l.put(mark, string(c), 1)
	case strings.HasPrefix(l.s[l.i:], "€"), strings.HasPrefix(l.s[l.i:], "£"), strings.HasPrefix(l.s[l.i:], "¥"):
		size := len("€")
		if c == 0xc2 {
			size = 2
		}
		l.put(mark, l.s[l.i:l.i+size], size)
	default:
		return fmt.Errorf("%q is no mathematics", firstRune(l.s[l.i:]))
	}
	return nil
}

func firstRune(s string) rune {
	for _, r := range s {
		return r
	}
	return 0
}

// number reads digits with separators of thousands and a decimal point.
func (l *lexer) number() {
	start := l.i
	j := l.i
	for j < len(l.s) && isDigit(l.s[j]) {
		j++
	}
	for j < len(l.s) && l.s[j] == 1 {
		k := skipSpace(l.s, j+1)
		if !isDigitAt(l.s, k) {
			break
		}
		if !isDigitAt(l.s, k+1) || !isDigitAt(l.s, k+2) || isDigitAt(l.s, k+3) { // a decimal comma
			l.s = l.s[:j] + "." + l.s[k:]
			break
		}
		for j = k; j < len(l.s) && isDigit(l.s[j]); {
			j++
		}
	}
	if j+1 < len(l.s) && l.s[j] == '.' && isDigit(l.s[j+1]) || j == start {
		for j++; j < len(l.s) && isDigit(l.s[j]); {
			j++
		}
	} else if j < len(l.s) && l.s[j] == '.' && repeats(l.s[j+1:]) {
		j++
	} else if j < len(l.s) && l.s[j] == '.' && !strings.HasPrefix(l.s[j:], "..") {
		l.put(numeral, digits(l.s[start:j]), j+1-start)
		return
	}
	l.put(numeral, digits(l.s[start:j]), j-start)
	l.exponent()
}

// repeats tells whether what follows a decimal point begins with digits under a line.
func repeats(s string) bool {
	return strings.HasPrefix(s, `\overline`) || strings.HasPrefix(s, `\bar`)
}

// exponent reads what follows a numeral in the notation of programs, 3.2e5: a power of
// ten. An e that is no such thing is Euler's number.
func (l *lexer) exponent() {
	j := l.i
	if j >= len(l.s) || l.s[j] != 'e' && l.s[j] != 'E' {
		return
	}
	j++
	if j < len(l.s) && (l.s[j] == '+' || l.s[j] == '-') {
		j++
	}
	from := j
	for j < len(l.s) && isDigit(l.s[j]) {
		j++
	}
	if j == from || j < len(l.s) && (isLetter(l.s[j]) || l.s[j] == '.' || l.s[j] == '^' || l.s[j] == '_') {
		return
	}
	power := strings.TrimPrefix(l.s[l.i+1:j], "+")
	l.put(mark, "*", 0)
	l.put(numeral, "10", 0)
	l.put(mark, "^", 0)
	l.put(mark, "{", 0)
	if digits, negative := strings.CutPrefix(power, "-"); negative {
		l.put(mark, "-", 0)
		power = digits
	}
	l.put(numeral, power, 0)
	l.put(mark, "}", j-l.i)
}

func digits(s string) string {
	if strings.IndexByte(s, 1) < 0 {
		return s
	}
	return strings.Map(func(r rune) rune {
		if r == 1 || r == ' ' {
			return -1
		}
		return r
	}, s)
}

func skipSpace(s string, i int) int {
	for i < len(s) && s[i] == ' ' {
		i++
	}
	return i
}

// letters reads a run of letters: a known name, a unit or noun after a number, a word, or
// a product of letters.
func (l *lexer) letters() {
	j := l.i
	for j < len(l.s) && isLetter(l.s[j]) {
		j++
	}
	run := l.s[l.i:j]
	lower := strings.ToLower(run)
	switch {
	case lower == "and" || lower == "or":
		l.put(mark, lower, len(run))
	case slices.Contains(stopWords, lower):
		l.put(word, run, len(run))
	case slices.Contains(named, run) && !(run == "min" && l.afterValue()):
		l.put(command, run, len(run))
	case len(run) > 1 && (knownUnit(run) && l.afterValue() || len(run) > 3 || l.spaced && l.afterValue() && len(run) > 2):
		l.put(word, run, len(run))
	default:
		for _, name := range named {
			if len(name) > 1 && strings.HasPrefix(run, name) && name != "oo" && name != "lg" {
				l.put(command, name, len(name))
				return
			}
		}
		l.put(letter, run[:1], 1)
	}
}

// afterValue tells whether the last token ends a value, so that a unit may follow.
func (l *lexer) afterValue() bool {
	if len(l.tokens) == 0 {
		return false
	}
	t := l.tokens[len(l.tokens)-1]
	return t.kind == numeral || t.kind == word || t.kind == command && t.text == "pi" || t.kind == mark && (t.text == "}" || t.text == ")" || t.text == "%")
}

func (l *lexer) command() error {
	j := l.i + 1
	for j < len(l.s) && isLetter(l.s[j]) {
		j++
	}
	if j == l.i+1 {
		j = min(j+1, len(l.s))
	}
	name := l.s[l.i+1 : j]
	switch {
	case slices.Contains(textual, name):
		return l.text(name, j)
	case slices.Contains(hidden, name):
		if k := skipSpace(l.s, j); k < len(l.s) && l.s[k] == '{' {
			if c := closing(l.s, k); c > 0 {
				j = c + 1
			}
		}
		l.i = j
	case slices.Contains(ignored, name):
		l.i = j
	case relations[name] != "":
		l.put(mark, relations[name], j-l.i)
	case slices.Contains(greek, name):
		l.put(letter, name, j-l.i)
	case slices.Contains(structures, name):
		l.put(command, name, j-l.i)
	default:
		return fmt.Errorf(`\%s is not known`, name)
	}
	return nil
}

var structures = append([]string{"overline", "bar", "over", "begin", "end", "choose", "sum", "prod", "int", "operatorname", "pmod", "bmod", "mod", "Re", "Im", "lim", "det", "deg", "arg", "hline", "dot", "mathop"}, named...)

// text reads the argument of \text and its kin. A number in it is a number, "and" and
// "or" join, and anything else is words.
func (l *lexer) text(name string, j int) error {
	k := skipSpace(l.s, j)
	if k >= len(l.s) || l.s[k] != '{' {
		l.i = j
		return nil
	}
	c := closing(l.s, k)
	if c < 0 {
		return fmt.Errorf(`\%s is not closed`, name)
	}
	whole := strings.TrimSpace(l.s[k+1 : c])
	inner := dollars.ReplaceAllString(whole, "$1")
	lower := strings.ToLower(strings.Trim(inner, " ,;"))
	switch {
	case strings.HasPrefix(whole, "$") && unwrapped(whole) == inner:
		l.replace(inner, c+1)
	case ordinal.MatchString(inner):
		l.replace(inner[:len(inner)-2], c+1)
	case inner == "" && name != "rm":
		l.spaced = true
		l.i = c + 1
	case lower == "and" || lower == "or" || lower == "and/or":
		l.put(mark, lower[:min(len(lower), 3)], c+1-l.i)
	case len(inner) == 1 && l.afterValue() && unitNames[lower] != "":
		l.put(word, inner, c+1-l.i)
	case slices.Contains(named, lower) && !(knownUnit(lower) && l.afterValue()) || len(inner) == 1 && isLetter(inner[0]) && name != "text" && name != "textbf" && name != "mbox":
		l.s = l.s[:l.i] + inner + " " + l.s[c+1:]
	case lower == "mod":
		l.put(command, lower, c+1-l.i)
	case letterList.MatchString(inner) || currency.MatchString(inner) || !isWords(inner) && !strings.Contains(inner, `\`+name) && !strings.Contains(inner, `\text`):
		l.replace(inner, c+1)
	default:
		l.put(word, inner, c+1-l.i)
	}
	return nil
}

// replace puts a formula in the place of what is next, up to an index.
func (l *lexer) replace(formula string, upTo int) {
	l.s = l.s[:l.i] + " " + formula + " " + l.s[upTo:]
	l.spaced = true
}

// ordinal is a number that tells a place: 23rd.
var ordinal = regexp.MustCompile(`^\d+(?:st|nd|rd|th)$`)

// dollars are those that begin or end a formula, and not an amount of money.
var dollars = regexp.MustCompile(`(^|[^\\])\$`)

// currency is a sign of money, with its amount perhaps.
var currency = regexp.MustCompile(`^[€£¥][\d.,]*$`)

// letterList is a choice of several letters.
var letterList = regexp.MustCompile(`^[A-Z](?:(?:\s*,\s*(?:and\s+)?|\s+and\s+|\s+or\s+)[A-Z])+$`)

// isWords tells whether a text holds letters before any digit.
func isWords(s string) bool {
	for i := 0; i < len(s); i++ {
		switch {
		case isLetter(s[i]) || s[i] >= 0x80:
			return true
		case isDigit(s[i]):
			return false
		}
	}
	return false
}

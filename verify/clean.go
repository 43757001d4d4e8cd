package verify

import (
	"regexp"
	"strings"
)

// symbols replaces characters and commands that are written in several ways.
var symbols = strings.NewReplacer(
	`\\`, `\cr `, `\text{, }`, ", ", `\text{,}`, ",", "{, }", "\x01",
	"−", "-", "–", "-", "—", "-", "﹣", "-", "－", "-", "×", `\times `, "·", `\cdot `, "⋅", `\cdot `, "∙", `\cdot `, "÷", `\div `, "∗", "*",
	"π", `\pi `, "𝜋", `\pi `, "√", `\sqrt `, "∞", `\infty `, "≤", `\le `, "≥", `\ge `, "⩽", `\le `, "⩾", `\ge `, "≠", `\ne `, "≈", `\approx `,
	"∪", `\cup `, "∩", `\cap `, "∈", `\in `, "±", `\pm `, "∓", `\mp `, "°", `^\circ `, "º", `^\circ `, "∅", `\emptyset `, "→", `\to `,
	"²", "^2", "³", "^3", "⁴", "^4", "½", `\frac{1}{2}`, "¼", `\frac{1}{4}`, "¾", `\frac{3}{4}`, "⅓", `\frac{1}{3}`, "⅔", `\frac{2}{3}`,
	"０", "0", "１", "1", "２", "2", "３", "3", "４", "4", "５", "5", "６", "6", "７", "7", "８", "8", "９", "9", "（", "(", "）", ")", "，", ",", "；", ";", "：", ":", "％", "%",
	"\u00a0", " ", "\u2009", " ", "\u200b", "", "\u202f", " ", "\t", " ", "\r", " ", "\n", " ", "’", "'", "“", `"`, "”", `"`,
	`\left.`, "", `\right.`, "", `\leftarrow`, `\leftarrow `, `\rightarrow`, `\to `, `\left\{`, `\{`, `\right\}`, `\}`,
	`\dfrac`, `\frac`, `\tfrac`, `\frac`, `\cfrac`, `\frac`, `\dbinom`, `\binom`, `\tbinom`, `\binom`,
	`\displaystyle`, "", `\textstyle`, "", `\limits`, "", `\nolimits`, "", `\nonumber`, "", `\hfill`, "", `\allowbreak`, "", `\middle`, "",
	`\bigl`, "", `\bigr`, "", `\Bigl`, "", `\Bigr`, "", `\biggl`, "", `\biggr`, "", `\Biggl`, "", `\Biggr`, "", `\Big`, "", `\bigg`, "", `\Bigg`, "",
	`\!`, "", `\,`, " ", `\;`, " ", `\:`, " ", `\ `, " ", `\quad`, " ", `\qquad`, " ", "~", " ", `\thinspace`, " ", `\enspace`, " ", `\/`, "",
	`\leqslant`, `\le `, `\geqslant`, `\ge `, `\leq`, `\le `, `\geq`, `\ge `, `\neq`, `\ne `, `\lt`, "<", `\gt`, ">", "<=", `\le `, ">=", `\ge `, "!=", `\ne `, "≡", `\equiv `,
	`\lvert`, "|", `\rvert`, "|", `\vert`, "|", `\lVert`, "|", `\rVert`, "|", `\|`, "|", `\lbrace`, `\{`, `\rbrace`, `\}`, `\lbrack`, "[", `\rbrack`, "]",
	`^{-}`, `^{-}`, `^{+}`, `^{+}`, `{-}`, "-", `{+}`, "+", `{=}`, "=", // braces that set an operator apart
	`\degree`, `^\circ `, `{,}`, "\x01", `{:}`, ":", `\text{:}`, ":", `^{\circ}`, `^\circ `, `^ \circ`, `^\circ `, `^{ \circ}`, `^\circ `, `^{\circ }`, `^\circ `,
	`\operatorname*`, `\operatorname`, `\dots`, `\ldots `, `\cdots`, `\ldots `, "…", `\ldots `, "...", `\ldots `, `\backslash`, `\setminus `,
	`\Longrightarrow`, `\to `, `\Rightarrow`, `\to `, `\implies`, `\to `, `\iff`, `\to `, `\boldsymbol`, `\mathbf`, `\bold`, `\mathbf`, `\bm`, `\mathbf`,
	"₀", "_0", "₁", "_1", "₂", "_2", "₃", "_3", "₄", "_4", "₅", "_5", "₆", "_6", "₇", "_7", "₈", "_8", "₉", "_9",
	"θ", `\theta `, "α", `\alpha `, "β", `\beta `, "λ", `\lambda `, "φ", `\phi `, "**", "^", "<|im_end|>", "", "<|endoftext|>", "", "</s>", "",
)

// meant turns control characters that an escape too few has made back into the commands
// whose first letters they swallowed: a form feed and rac was \frac.
var meant = strings.NewReplacer(
	"\\\frac", `\frac`, "\frac", `\frac`, "\boxed", `\boxed`, "\begin", `\begin`, "\binom", `\binom`, "\bar", `\bar`, "\text", `\text`,
	"\tfrac", `\tfrac`, "\times", `\times`, "\theta", `\theta`, "\tan", `\tan`, "\right", `\right`, "\rangle", `\rangle`, "\vec", `\vec`, "\alpha", `\alpha`,
)

// clean brings an answer's many spellings of one thing together and takes what is not
// part of it from its ends. A comma that stands between the digits of a number becomes
// the byte 1.
func clean(answer string) string {
	s := strings.ReplaceAll(unescaped(lines(answer)), `,\!`, "\x01")
	s = strings.ReplaceAll(s, `, \!`, "\x01")
	s = symbols.Replace(s)
	s = strings.ReplaceAll(dropLeftRight(s), " \x01", "\x01")
	for range 8 {
		t := strings.TrimSpace(s)
		t = strings.TrimSpace(strings.TrimRight(t, ".,;:"))
		t = strings.TrimPrefix(t, "**")
		t = unwrapped(t)
		if t == s {
			break
		}
		s = t
	}
	return s
}

// rowSpace is the height that the end of a row may ask for: \\[4pt].
var rowSpace = regexp.MustCompile(`\\\\\s*\[\s*-?[\d.]+\s*(?:ex|em|pt|mm|cm|in)\s*\]`)

// lines takes from the ends of rows what only sets them apart, and the last end itself.
func lines(s string) string {
	if !strings.Contains(s, `\\`) {
		return s
	}
	return strings.TrimSuffix(strings.TrimSpace(rowSpace.ReplaceAllString(s, `\\`)), `\\`)
}

// unescaped halves the backslashes of a text that was escaped once too often: one that has
// no rows, but two backslashes before a command.
func unescaped(s string) string {
	if !strings.Contains(s, `\\`) || strings.Contains(s, `begin`) {
		return s
	}
	return strings.ReplaceAll(s, `\\`, `\`)
}

// unwrapped takes the delimiters of a formula off a whole answer.
func unwrapped(s string) string {
	for _, pair := range [][2]string{{"$$", "$$"}, {"$", "$"}, {`\(`, `\)`}, {`\[`, `\]`}, {"`", "`"}, {`"`, `"`}, {"*", "*"}} {
		if len(s) >= len(pair[0])+len(pair[1]) && strings.HasPrefix(s, pair[0]) && strings.HasSuffix(s, pair[1]) && !strings.HasSuffix(s, `\$`) {
			inner := s[len(pair[0]) : len(s)-len(pair[1])]
			if !strings.Contains(inner, pair[0]) && !strings.Contains(inner, pair[1]) {
				return inner
			}
		}
	}
	for _, pair := range [][2]string{{"{", "}"}} {
		if strings.HasPrefix(s, pair[0]) && closing(s, 0) == len(s)-1 && !strings.Contains(s, ",") {
			return s[1 : len(s)-1]
		}
	}
	return s
}

// dropLeftRight removes \left and \right, which say how large a bracket is.
func dropLeftRight(s string) string {
	if !strings.Contains(s, `\left`) && !strings.Contains(s, `\right`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		switch {
		case strings.HasPrefix(s[i:], `\left`) && !isLetterAt(s, i+5):
			i += 5
		case strings.HasPrefix(s[i:], `\right`) && !isLetterAt(s, i+6):
			i += 6
		default:
			b.WriteByte(s[i])
			i++
		}
	}
	return b.String()
}

func isLetterAt(s string, i int) bool { return i < len(s) && isLetter(s[i]) }

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// closing is the index of the brace that closes the one at i, or −1. A brace after a
// backslash is text.
func closing(s string, i int) int {
	depth := 0
	for ; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

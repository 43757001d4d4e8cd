package verify

import "strings"

// stripComments removes what LaTeX does not show: from a % that does not follow a number
// or a backslash to the end of its line.
func stripComments(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && (!isPercent(s, i) || s[i-1] != '\\' && continues(s[i+1:])) {
			for i < len(s) && s[i] != '\n' {
				i++
			}
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// uncommented is a response without its comments, which LaTeX does not show.
func uncommented(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	var b strings.Builder
	for line := range strings.Lines(s) {
		b.WriteString(beforeComment(line))
	}
	return b.String()
}

func beforeComment(line string) string {
	for i := range len(line) {
		if line[i] == '%' && !isPercent(line, i) && !isOperator(line[i+1:]) {
			return line[:i] + "\n"
		}
	}
	return line
}

// isOperator tells by what follows a % whether it is the remainder of a division, as in
// n % 2, or the sign itself, as in (%).
func isOperator(rest string) bool {
	rest = strings.TrimLeft(rest, " ")
	return rest != "" && (isDigit(rest[0]) || rest[0] == '=' || rest[0] == ')')
}

// continues tells whether something follows on the line that no percentage has after it.
func continues(rest string) bool {
	rest = strings.TrimLeft(rest, " ")
	return rest != "" && (isDigit(rest[0]) || isLetter(rest[0]) && !strings.HasPrefix(rest, "and ") && !strings.HasPrefix(rest, "or ") || rest[0] == '=' || rest[0] == '+')
}

// isPercent tells whether the % at i says percent.
func isPercent(s string, i int) bool {
	j := i - 1
	for j >= 0 && (s[j] == ' ' || s[j] == '$') {
		j--
	}
	return j >= 0 && (isDigit(s[j]) || s[j] == '\\' || s[j] == '}' || s[j] == ')' || (s[j] == '.' || isLetter(s[j])) && j == i-1)
}

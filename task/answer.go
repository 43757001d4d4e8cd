package task

import "strings"

// FinalAnswer is the answer that a worked solution ends with: what its last \boxed{}
// with balanced braces holds (or \boxed 2 up to the next $, as MATH has it), else what
// follows its last ####, as in GSM8K. ok is false if it has neither, or nothing is
// there. It reads the text once.
func FinalAnswer(solution string) (answer string, ok bool) {
	if answer, found := lastBox(solution); found {
		return answer, answer != ""
	}
	at := strings.LastIndex(solution, marker)
	if at < 0 {
		return "", false
	}
	answer, _, _ = strings.Cut(strings.TrimSpace(solution[at+len(marker):]), "\n")
	answer = strings.TrimSpace(answer)
	return answer, answer != ""
}

const (
	boxCommand = `\boxed`
	marker     = "####"
)

// brace is one that is open.
type brace struct {
	at    int
	boxed bool // it belongs to a \boxed
}

// lastBox finds the content of the box that begins last, of those that end. \{ and \} are
// signs, not braces; \\boxed, a slip of escaping, is a box.
func lastBox(text string) (content string, found bool) {
	var open []brace
	last := -1 // where the box of content begins
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			if !strings.HasPrefix(text[i:], boxCommand) {
				if !strings.HasPrefix(text[i+1:], boxCommand) {
					i++
				}
				continue
			}
			i += len(boxCommand) - 1
			behind := strings.TrimLeft(text[i+1:], " \t\n")
			if strings.HasPrefix(behind, "{") {
				i = len(text) - len(behind)
				open = append(open, brace{i, true})
			} else if bare, ok := unbraced(text[i+1:]); ok {
				content, last = bare, i
			}
		case '{':
			open = append(open, brace{i, false})
		case '}':
			if len(open) == 0 {
				continue
			}
			closed := open[len(open)-1]
			open = open[:len(open)-1]
			if closed.boxed && closed.at > last {
				content, last = text[closed.at+1:i], closed.at
			}
		}
	}
	return strings.TrimSpace(content), last >= 0
}

// unbraced reads what stands between "\boxed " and the end of the formula.
func unbraced(rest string) (string, bool) {
	const longest = 64 // of what is written without braces
	inside, _, ended := strings.Cut(rest[:min(longest, len(rest))], "$")
	return inside, ended && strings.HasPrefix(inside, " ") && strings.TrimSpace(inside) != "" && !strings.ContainsAny(inside, "\n{}")
}

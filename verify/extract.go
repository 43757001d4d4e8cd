package verify

import (
	"regexp"
	"strings"
)

// extracted is an answer as it stands in a response, and the rule that found it.
type extracted struct {
	text  string
	rule  string
	boxes []string // all boxes, where the rule is the last box
}

// The rules by which an answer is found, in the order in which they are tried.
const (
	ruleTag    = "the last <answer>"
	ruleBox    = "the last box"
	ruleHash   = "the last ####"
	rulePhrase = "the last \"answer is\""
	ruleLine   = "the final line"
	ruleMath   = "the last formula"
	ruleNumber = "the last number"
)

// maxResponse is the part of a response in which an answer is looked for.
const maxResponse = 1 << 15

// window is the end of a response; if its last box stands before that, what surrounds it.
func window(s string) string {
	if i := strings.Index(s, "<|im_start|>"); i > 0 {
		s = s[:i]
	}
	if len(s) <= maxResponse {
		return s
	}
	start := len(s) - maxResponse
	if last := strings.LastIndex(s, `\boxed`); last >= 0 && last < start {
		start = max(0, last-maxResponse/2)
	}
	return s[start : start+maxResponse]
}

// extract finds the answer of a response.
func extract(response string) (extracted, bool) {
	s := strings.TrimSuffix(strings.TrimSpace(uncommented(meant.Replace(window(response)))), "I hope it is correct.")
	if i := strings.LastIndex(s, "</think>"); i >= 0 && strings.TrimSpace(s[i+8:]) != "" {
		s = s[i+8:]
	}
	if tag, ok := lastTag(s); ok {
		if e, found := extractBox(tag); found {
			return e, true
		}
		if strings.TrimSpace(tag) != "" {
			return extracted{text: strings.TrimSpace(tag), rule: ruleTag}, true
		}
	}
	if e, ok := extractBox(s); ok || boxOpen.MatchString(s) {
		return e, ok // a box that was opened and never filled is no answer, and nor is what stands before it
	}
	for _, rule := range []func(string) (extracted, bool){extractHash, extractPhrase, extractLine} {
		if e, ok := rule(s); ok {
			return e, true
		}
	}
	return extracted{}, false
}

// lastTag is what the last <answer> holds.
func lastTag(s string) (string, bool) {
	closing := strings.LastIndex(s, "</answer>")
	if closing < 0 {
		return "", false
	}
	open := strings.LastIndex(s[:closing], "<answer>")
	if open < 0 {
		return "", false
	}
	return s[open+len("<answer>") : closing], true
}

var boxOpen = regexp.MustCompile(`\\(?:boxed|fbox|framebox)\s*`)

// box is a box and where it stands.
type box struct {
	text       string
	start, end int
}

// maxBoxes bounds the boxes that are looked at, from the last one.
const maxBoxes = 40

// boxes lists the last boxes of a response that LaTeX would show.
func boxes(s string) []box {
	var out []box
	all := boxOpen.FindAllStringIndex(s, -1)
	for _, at := range all[max(0, len(all)-maxBoxes):] {
		if len(out) > 0 && (at[0] < out[len(out)-1].end || commented(s[out[len(out)-1].end:at[0]])) || phantom.MatchString(s[:at[0]]) {
			continue
		}
		i := at[1]
		switch {
		case i >= len(s):
		case s[i] == '{':
			if j := closing(s, i); j > 0 {
				out = append(out, box{s[i+1 : j], at[0], j + 1})
			} else if line, _, _ := strings.Cut(s[i+1:], "\n"); line != "" && (len(out) == 0 || isReadable(strings.TrimRight(line, "$ "))) {
				out = append(out, box{strings.TrimRight(line, "$ "), at[0], i + 1 + len(line)})
			}
		default:
			j := i
			for j < len(s) && s[j] != ' ' && s[j] != '$' && s[j] != '\n' && s[j] != '\\' {
				j++
			}
			out = append(out, box{s[i:j], at[0], j})
		}
	}
	return out
}

// unfinished is what a last box holds that is neither closed nor readable.
func unfinished(response string) string {
	s := uncommented(meant.Replace(window(response)))
	all := boxOpen.FindAllStringIndex(s, -1)
	if len(all) < 2 {
		return ""
	}
	rest := strings.TrimLeft(s[all[len(all)-1][1]:], " ")
	if !strings.HasPrefix(rest, "{") || closing(rest, 0) > 0 {
		return ""
	}
	line, _, _ := strings.Cut(rest[1:], "\n")
	if line = strings.TrimRight(line, "$ "); isReadable(line) {
		return ""
	}
	return line
}

// isReadable tells whether a text is an answer: of a box that is not closed, whether it was
// finished.
func isReadable(text string) bool {
	_, err := parse(text)
	return err == nil
}

// phantom is what hides a box that follows.
var phantom = regexp.MustCompile(`\\[hv]?phantom\s*\{[\s$]*$`)

// commented tells whether what follows a box begins with a comment that the line does not
// end.
func commented(between string) bool {
	return strings.HasPrefix(strings.TrimLeft(between, " $.,"), "%") && !strings.Contains(between, "\n")
}

// extractBox takes the last box, with those before it that only commas, "and" or a few
// words of a sentence set apart from it.
func extractBox(s string) (extracted, bool) {
	all := boxes(s)
	if len(all) == 0 {
		return extracted{}, false
	}
	e := extracted{text: all[len(all)-1].text, rule: ruleBox}
	for i := len(all) - 1; i > 0 && joins(s[all[i-1].end:all[i].start]); i-- {
		if strings.TrimSpace(all[i-1].text) == strings.TrimSpace(all[i].text) {
			break
		}
		e.text = all[i-1].text + ", " + e.text
	}
	for _, b := range all {
		e.boxes = append(e.boxes, b.text)
	}
	return e, true
}

var joint = regexp.MustCompile(`^[\s$\\().]*(?:\\?text\{)?\s*(?:,|;|and|or|\\quad|\\qquad|&)[\s$\\(),]*\}?[\s$\\(]*$`)

var wordJoint = regexp.MustCompile(`^[^.!?\n]{0,24}\band\b[^.!?\n]{0,16}$`)

var unset = strings.NewReplacer(`\text{`, "", `\quad`, " ", `\qquad`, " ", "}", "", "$", "", `\(`, "", `\)`, "", `\[`, "", `\]`, "")

// joins tells whether what stands between two boxes makes them one answer.
func joins(between string) bool {
	b := unset.Replace(between)
	return joint.MatchString(b) || wordJoint.MatchString(b) && !strings.Contains(b, "not")
}

func extractHash(s string) (extracted, bool) {
	i := strings.LastIndex(s, "####")
	if i < 0 {
		return extracted{}, false
	}
	line, _, _ := strings.Cut(strings.TrimLeft(s[i+4:], " \n"), "\n")
	if strings.TrimSpace(line) == "" {
		return extracted{}, false
	}
	return extracted{text: line, rule: ruleHash}, true
}

var phrase = regexp.MustCompile(`(?i)(?:(?:final\s+)?answer(?:\s+(?:to|of|for)\s+[^.:\n]{0,60}?)?\s*(?:\*\*)?\s*(?:\bis\b|\bare\b|:|=)|\b(?:solution|result|value)s?\s+(?:is|are)\b)\s*(?:\*\*)?\s*:?`)

// extractPhrase takes what follows the last "answer is" or "Answer:".
func extractPhrase(s string) (extracted, bool) {
	all := phrase.FindAllStringIndex(s, -1)
	for i := len(all) - 1; i >= 0; i-- {
		rest := strings.TrimLeft(s[all[i][1]:], " \n*")
		if answer, ok := leading(rest); ok {
			return extracted{text: answer, rule: rulePhrase}, true
		}
	}
	return extracted{}, false
}

// leading is the answer at the beginning of a text: its first formula if it begins with
// one, else that of its first sentence.
func leading(s string) (string, bool) {
	for _, pair := range [][2]string{{"$$", "$$"}, {"$", "$"}, {`\(`, `\)`}, {`\[`, `\]`}} {
		if inner, ok := strings.CutPrefix(s, pair[0]); ok {
			i := endOfFormula(inner, pair[1])
			if i > 0 && !isDigitAt(inner, i+len(pair[1])) {
				return withUnit(inner[:i], inner[i+len(pair[1]):]), true
			}
		}
	}
	line, _, _ := strings.Cut(s, "\n")
	if i := endOfSentence(line); i >= 0 {
		line = line[:i]
	}
	if i := aside.FindStringIndex(line); i != nil {
		if strings.HasPrefix(line, "not ") {
			return line, true
		}
		n, err := parse(line[:i[0]])
		rest := line[i[0]:]
		if spoiled.MatchString(rest) {
			return line, true
		}
		summed := err == nil && n.shape == list && strings.HasSuffix(line[:i[1]], "which") // 1, 2, 3, which is 6
		if err == nil && n.isAnswer() && !summed {
			line = line[:i[0]]
		}
	}
	return stated(line)
}

// endOfFormula is the index of the mark that ends a formula, or −1: \$ in it is money.
func endOfFormula(s, mark string) int {
	for from := 0; ; {
		i := strings.Index(s[from:], mark)
		if i < 0 {
			return -1
		}
		if from += i; mark[0] == '\\' || from == 0 || s[from-1] != '\\' {
			return from
		}
		from += len(mark)
	}
}

// aside begins what a sentence adds to its answer: a reason, or what it is not.
var aside = regexp.MustCompile(`\s*[,;(—–]*\s*\b(?:since|because|as|which|not)\b`)

// spoiled is an aside that takes the answer back.
var spoiled = regexp.MustCompile(`(?i)\b(?:no|wrong|incorrect|false|reject|but|twice|half|too|if|bound|not(?:\s+(?:correct|right|really|necessarily|the\s+answer)|\s*$))\b`)

func isDigitAt(s string, i int) bool { return i < len(s) && isDigit(s[i]) }

var copula = regexp.MustCompile(`(?i)\b(?:is|are|equals|be|becomes|get)\b:?`)

// stated is the answer that a sentence states: all of it, what follows its last "is", its
// last formula, its last number, or some words.
func stated(s string) (string, bool) {
	s = strings.TrimSpace(strings.Trim(strings.TrimSpace(s), "*"))
	if s == "" {
		return "", false
	}
	inFormula := strings.Contains(s, "$") && unwrapped(s) == s || strings.Contains(s, `\(`) || strings.Contains(s, `\[`)
	whole, err := parse(s)
	if err == nil && whole.isAnswer() && !inFormula {
		return s, true
	}
	if all := copula.FindAllStringIndex(s, -1); len(all) > 0 {
		rest := strings.TrimSpace(s[all[len(all)-1][1]:])
		if n, err := parse(rest); err == nil && n.isAnswer() && (!strings.Contains(rest, "$") || !inFormula || unwrapped(rest) != rest) {
			return rest, true
		}
	}
	if f, ok := lastFormula(s); ok {
		return f, true
	}
	if n := lastNumber(s); n != "" {
		return n, true
	}
	if err == nil && len(strings.Fields(s)) <= 4 {
		return s, true
	}
	return "", false
}

var trailingUnit = regexp.MustCompile(`^\s*(?:%|percent\b|pct\b)`)

func withUnit(formula, after string) string {
	if m := trailingUnit.FindString(after); m != "" && !strings.Contains(formula, "%") {
		return formula + " " + strings.TrimSpace(m)
	}
	return formula
}

// endOfSentence is the index of a full stop that ends a sentence, or −1.
func endOfSentence(s string) int {
	for i := range len(s) {
		if (s[i] == '.' || s[i] == '!' && i > 0 && !isDigit(s[i-1]) || s[i] == '?') && (i+1 == len(s) || s[i+1] == ' ' || s[i+1] == '<') {
			return i
		}
	}
	return -1
}

var stops = regexp.MustCompile(`[.!?]\$*\s+`)

// bullet marks an item of a list, before what is not a number.
var bullet = regexp.MustCompile(`^[-*•]\s+([A-Za-z$\\])`)

// extractLine takes what the last sentence states.
func extractLine(s string) (extracted, bool) {
	s = strings.TrimSpace(s)
	line := bullet.ReplaceAllString(strings.TrimSpace(s[strings.LastIndexByte(s, '\n')+1:]), "$1")
	if i := endOfSentence(line); i >= 0 && i < len(line)-1 {
		sentences := line[:len(line)-1]
		if all := stops.FindAllStringIndex(sentences, -1); len(all) > 0 {
			line = line[all[len(all)-1][1]:]
		}
	}
	whole := strings.TrimRight(line, ".")
	if answer, ok := stated(whole); ok {
		n, err := parse(answer)
		if err == nil && (n.isAnswer() || len(strings.Fields(line)) == 1) {
			return extracted{text: answer, rule: ruleLine}, true
		}
	}
	if f, ok := lastFormula(s); ok {
		return extracted{text: f, rule: ruleMath}, true
	}
	if m := lastNumber(s); m != "" {
		return extracted{text: m, rule: ruleNumber}, true
	}
	return extracted{}, false
}

var formula = regexp.MustCompile(`(?s)\$\$(.+?)\$\$|\\\[(.+?)\\\]|\\\((.+?)\\\)|\$((?:\\\$|[^$\n])+?)\$`)

// lastFormula is the last formula of a text.
func lastFormula(s string) (string, bool) {
	if len(s) > 1<<14 {
		s = s[len(s)-1<<14:]
	}
	all := formula.FindAllStringSubmatchIndex(s, -1)
	for i := len(all) - 1; i >= 0; i-- {
		m := all[i]
		if isDigitAt(s, m[0]+1) && isDigitAt(s, m[1]) { // $40 for 2 items, once $50: money
			continue
		}
		for g := 1; g < len(m)/2; g++ {
			if m[2*g] >= 0 && strings.TrimSpace(s[m[2*g]:m[2*g+1]]) != "" {
				return withUnit(s[m[2*g]:m[2*g+1]], s[m[1]:]), true
			}
		}
	}
	return "", false
}

var numerals = regexp.MustCompile(`[-−]?[$€£]?\d*(?:[,.]?\d+)*(?:/\d+)?\s*(?:%|percent\b|pct\b|percentage\b)?`)

// lastNumber is the last number of a text that is not part of a word.
func lastNumber(s string) string {
	if len(s) > 1<<12 {
		s = s[len(s)-1<<12:]
	}
	all := numerals.FindAllStringIndex(s, -1)
	for i := len(all) - 1; i >= 0; i-- {
		m := strings.TrimRight(s[all[i][0]:all[i][1]], " ")
		before := all[i][0]
		after := before + len(m)
		if !strings.ContainsAny(m, "0123456789") || before > 0 && isLetter(s[before-1]) || after < len(s) && isLetter(s[after]) && after+1 < len(s) && isLetter(s[after+1]) {
			continue
		}
		return m
	}
	return ""
}

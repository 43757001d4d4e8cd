package serve

import (
	"regexp"
	"strings"
)

// special matches a token that ends or pads a sequence, as tokenizers write it in text:
// <|im_end|>, <|endoftext|>, <｜end▁of▁sentence｜>, </s>, <eos>, <pad>, <end_of_turn>.
var special = regexp.MustCompile(`(?:<[|｜][^<>]{1,40}[|｜]>|</s>|<eos>|<pad>|<end_of_turn>)\s*$`)

// maxSpecial bounds the search at the end of a text; a longer token there is none.
const maxSpecial = 256

// trimSpecial takes the special tokens off the end of a response: clients that decode
// with them leave them there, and "7<|im_end|>" is no number.
func trimSpecial(response string) string {
	for {
		tail := response[max(0, len(response)-maxSpecial):]
		at := special.FindStringIndex(tail)
		if at == nil {
			return response
		}
		response = strings.TrimSpace(response[:len(response)-len(tail)+at[0]])
	}
}

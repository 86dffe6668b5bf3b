package prose

import "regexp"

// rule is one wording that docs/glossary.md replaces.
type rule struct {
	pattern *regexp.Regexp
	instead string
}

func words(pattern, instead string) rule {
	return rule{regexp.MustCompile(`(?i)\b(?:` + pattern + `)\b`), instead}
}

// rules are the wordings to replace. A word that also has a plain meaning ("say",
// "look", "round") is listed with the words around it that make it the wrong one.
var rules = []rule{
	words(`anew`, `"again", "restarts" or "recreated"`),
	words(`mend|mends|mended|mending`, `"fix"`),
	words(`apiece`, `"each"`),
	words(`lest|whence|thereof|whereof|wherein|whoever|whomever`, "a plain clause"),
	words(`dear|dearer|dearest`, `"expensive"`),
	words(`comes? to an end|came to an end`, `"finishes" or "ends"`),
	words(`(?:goes|go|went|going) on (?:by itself|from|where|at the)`, `"resumes" or "continues"`),
	words(`taken off|takes off|taking off`, `"consumed" or "processed"`),
	words(`is done with|are done with|was done with|be done with`, `"has processed" or "has acknowledged"`),
	words(`by way of`, `"through"`),
	words(`of which`, `"that", "whose" or a sentence of its own`),
	words(`concerned|concerns? no`, `"affected"`),
	words(`is told|are told|was told|were told|be told|gets told|tells? of|told of|telling of`, `"is reported" or "report"`),
	words(`is said|are said|was said|be said`, `"is reported" or "is shown"`),
	words(`(?:since|while|where) (?:we|lostorder) (?:look|looks|looked)`, `"since lostorder started watching"`),
	words(`at first sight|first sight|glance|glances|peeks|peeked|sighting|sightings`, `"reading", "sample" or "observe"`),
	words(`nobody when left out|nobody if left out`, `"anonymous if omitted"`),
	words(`nobody reads|who reads|somebody reads`, `"no consumer reads" or "a consumer reads"`),
	words(`for ever`, `"forever"`),
	words(`as well as the readings`, `"as far as the readings show"`),
	words(`came? of (?:age|it)`, "a plain clause"),
	words(`as it may be|as old as they may be|longer than (?:it|they) may`, `"longer than allowed"`),
	words(`want of|for lack of`, `"no"`),
	words(`the other way round`, `"the reverse"`),
	words(`looks? after`, `"handles" or "owns"`),
	words(`stands? (?:in|at) (?:the|its) way`, `"blocks"`),
	words(`matter of taste|up for taste`, "a plain clause"),
	words(`is at fault`, `"is the cause"`),
	words(`of people|for people`, `"human-readable" or nothing`),
	words(`upon|hence|thus|hitherto|whilst|amongst`, "the modern word"),
	words(`judge|judges|judged|judging`, `"decide"`),
	words(`somebody|nobody|everybody`, `the role: "a consumer", "no consumer", "an engineer", "nothing"`),
}

package orders

import (
	"fmt"
	"strings"
)

// Draw draws the lifecycle as text: each state once, with the states that may follow it.
// A state that was drawn before is only named.
func (c *Config) Draw() string {
	d := drawing{config: c, graph: newGraph(c)}
	for i := range c.States {
		if d.graph.initial.has(i) && !d.drawn.has(i) {
			d.state(i, "", "")
		}
	}
	return d.text.String()
}

type drawing struct {
	config *Config
	graph  *graph
	drawn  set
	text   strings.Builder
}

// state writes a line for a state. first is the beginning of that line, and rest the
// beginning of the lines below it.
func (d *drawing) state(i int, first, rest string) {
	s := d.config.States[i]
	if d.drawn.has(i) {
		fmt.Fprintf(&d.text, "%s%s ↑\n", first, s.Name)
		return
	}
	d.drawn = d.drawn.with(i)
	fmt.Fprintf(&d.text, "%s%s%s\n", first, s.Name, d.remarks(i))
	for k, name := range s.Value.Next {
		tee, bar := "├─▶ ", "│   "
		if k == len(s.Value.Next)-1 {
			tee, bar = "└─▶ ", "    "
		}
		for j := range d.config.States {
			if d.config.States[j].Name == name {
				d.state(j, rest+tee, rest+bar)
			}
		}
	}
}

// remarks describe a state in a few words.
func (d *drawing) remarks(i int) string {
	s := d.config.States[i].Value
	var words []string
	if s.Max > 0 {
		words = append(words, "at most "+s.Max.String())
	}
	switch {
	case s.Failed:
		words = append(words, "failed")
	case s.Abandoned:
		words = append(words, "end, abandoned")
	case s.done():
		words = append(words, "end")
	}
	if len(s.Compensates) > 0 {
		words = append(words, "undoes "+strings.Join(s.Compensates, ", "))
	}
	if len(s.Excludes) > 0 {
		words = append(words, "never with "+strings.Join(s.Excludes, ", "))
	}
	if len(words) == 0 {
		return ""
	}
	return "  (" + strings.Join(words, "; ") + ")"
}

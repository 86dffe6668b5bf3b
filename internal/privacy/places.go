package privacy

import "github.com/lostorder/lostorder/internal/signal"

// Places hides one order in the places in which it was looked up: the keys of rows are
// hashed, free text is left out, and where another text names the order it names the hash.
func (v *Veil) Places(places []signal.Place, id string) {
	if v == nil {
		return
	}
	ids := []string{id}
	for i := range places {
		p := &places[i]
		for j := range p.Events {
			event := &p.Events[j]
			event.Key, event.Detail = v.ID(event.Key), ""
			event.What = v.text(event.What, ids)
		}
		for j := range p.Expected {
			p.Expected[j].What = v.text(p.Expected[j].What, ids)
		}
		p.Searched = v.text(p.Searched, ids)
		if p.Err != nil {
			p.Err = hashed{v.text(p.Err.Error(), ids), p.Err}
		}
	}
}

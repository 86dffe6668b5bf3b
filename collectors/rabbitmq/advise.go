package rabbitmq

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/lostorder/lostorder/collectors"
)

// Advise says which rights are needed: to see, and neither to configure nor to write;
// and to read the dead letter queues alone, where they are looked into.
func (r *reader) Advise(context.Context) []collectors.Advice {
	user := r.config.Username
	if user == "" {
		return nil
	}
	user = collectors.Word(user)
	commands := []string{"rabbitmqctl set_user_tags " + user + " monitoring"}
	reads := r.peeksAt()
	for _, vhost := range r.needed() {
		commands = append(commands, "rabbitmqctl set_permissions -p "+collectors.Word(vhost)+" "+user+" '^$' '^$' "+reads[vhost].pattern())
	}
	text := "to see queues and policies, and nothing else, in each virtual host that is watched"
	if r.config.Peek {
		text = "to see queues and policies, to look into dead letter queues (peek), and nothing else, in each virtual host that is watched"
	}
	return []collectors.Advice{{
		Kind: collectors.Grant, Text: text + "; for a user of its own, since tags and permissions that it had are replaced", Paste: strings.Join(commands, "\n"),
	}}
}

// needed are the virtual hosts that the config names, or that are seen: the
// prometheus plugin shows also those in which the user has no rights.
func (r *reader) needed() []string {
	if vhosts := r.config.vhosts(); len(vhosts) > 0 {
		return vhosts
	}
	seen := map[string]bool{}
	for k := range r.queues {
		seen[k.vhost] = true
	}
	if len(seen) == 0 {
		return []string{"/"}
	}
	return slices.Sorted(maps.Keys(seen))
}

// names are those of queues of one virtual host.
type names []string

// pattern is for what is allowed to be read, for a shell.
func (n names) pattern() string {
	slices.Sort(n)
	for i := range n {
		n[i] = regexp.QuoteMeta(n[i])
	}
	switch len(n) {
	case 0:
		return "'^$'"
	case 1:
		return collectors.Word("^" + n[0] + "$")
	}
	return collectors.Word("^(" + strings.Join(n, "|") + ")$")
}

// peeksAt are the queues that are looked into, by virtual host.
func (r *reader) peeksAt() map[string]names {
	all := map[string]names{}
	if !r.config.Peek {
		return all
	}
	for k := range r.deadLetterings {
		all[k.vhost] = append(all[k.vhost], k.name)
	}
	return all
}

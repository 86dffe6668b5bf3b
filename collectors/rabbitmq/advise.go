package rabbitmq

import (
	"context"
	"strings"

	"github.com/lostorder/lostorder/collectors"
)

// Advise says which rights are needed: to see, and neither to configure, write nor
// read.
func (r *reader) Advise(context.Context) []collectors.Advice {
	if r.config.Username == "" {
		return nil
	}
	vhosts := r.config.vhosts()
	if len(vhosts) == 0 {
		vhosts = []string{"/"}
	}
	commands := []string{"rabbitmqctl set_user_tags " + r.config.Username + " monitoring"}
	for _, vhost := range vhosts {
		commands = append(commands, "rabbitmqctl set_permissions -p "+vhost+" "+r.config.Username+" '^$' '^$' '^$'")
	}
	return []collectors.Advice{{Kind: collectors.Grant, Text: "to see queues and policies, and nothing else; for each virtual host that is watched", Paste: strings.Join(commands, "\n")}}
}

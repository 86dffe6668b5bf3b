package rabbitmq

import (
	"context"

	"github.com/lostorder/lostorder/internal/signal"
)

// Resources that raise an alarm: the names in metrics, and the names in warnings.
const (
	memory = "memory"
	disk   = "disk"
)

var resources = map[string]string{memory: "memory", disk: "disk space"}

// readNodes reads which nodes run and which of them block publishers.
func (r *reader) readNodes(ctx context.Context, m *missing) {
	var nodes []nodeState
	if err := r.getJSON(ctx, "/api/nodes?columns=name,running,mem_alarm,disk_free_alarm", &nodes); err != nil {
		m.add("read nodes", err)
		r.alarms = nil
		return
	}
	r.nodes, r.alarms = nodes, nil
	for _, n := range nodes {
		if n.Running {
			r.alarms = append(r.alarms, r.alarm(n.Name, memory, n.Memory), r.alarm(n.Name, disk, n.Disk))
		}
	}
}

func (r *reader) alarm(node, resource string, raised bool) signal.Alarm {
	return signal.Alarm{System: signal.RabbitMQ, Cluster: r.config.Name, Node: node, Resource: resource, Raised: raised}
}

package rabbitmq

// topology is how exchanges pass messages on, indexed so that the cost of following a
// message does not depend on how many other bindings there are.
type topology struct {
	known     bool // false when exchanges or bindings could not be read
	exchanges map[key]*node
	nodes     int              // exchanges
	queues    []key            // by their number
	numbers   map[key]int      // of queues
	incoming  map[key][]string // routing keys by the queue that is bound with them
}

// node is an exchange and its bindings.
type node struct {
	exchange
	number   int
	bindings int
	sum      uint64                   // of the bindings, whatever their order
	byKey    map[string][]destination // direct, and topic without a wildcard
	patterns []pattern                // topic with a wildcard
	always   []destination            // types that do not decide by the routing key alone
}

// destination is the end of a binding: an exchange, or a queue by its number.
type destination struct {
	exchange *node
	queue    int
}

// pattern is a binding of a topic exchange with a wildcard.
type pattern struct {
	words []string
	to    destination
}

// newTopology indexes exchanges and bindings.
func newTopology(exchanges []exchange, bindings []binding, known bool) topology {
	t := topology{known: known, exchanges: make(map[key]*node, len(exchanges)), numbers: map[key]int{}, incoming: map[key][]string{}}
	for i := range exchanges {
		at := key{exchanges[i].VHost, exchanges[i].Name}
		if t.exchanges[at] == nil {
			t.exchanges[at] = &node{exchange: exchanges[i], number: t.nodes, byKey: map[string][]destination{}}
			t.nodes++
		}
	}
	for i := range bindings {
		t.add(&bindings[i])
	}
	return t
}

// add adds a binding. One whose exchange is not there was deleted a moment ago.
func (t *topology) add(b *binding) {
	to := destination{exchange: t.exchanges[key{b.VHost, b.Destination}]}
	if b.Kind == "queue" {
		at := key{b.VHost, b.Destination}
		t.incoming[at] = append(t.incoming[at], b.RoutingKey)
		to = destination{queue: t.number(at)}
	}
	from := t.exchanges[key{b.VHost, b.Source}]
	if from == nil {
		return
	}
	from.bindings++
	from.sum += b.sum()
	if b.Kind != "queue" && to.exchange == nil {
		return
	}
	words := topicWords(b.RoutingKey)
	switch {
	case from.Type == "topic" && hasWildcard(words):
		from.patterns = append(from.patterns, pattern{words, to})
	case from.Type == "topic", from.Type == "direct":
		from.byKey[b.RoutingKey] = append(from.byKey[b.RoutingKey], to)
	default:
		// What an exchange of another type does with headers is not known: any binding may match.
		from.always = append(from.always, to)
	}
}

// number returns the number of a queue.
func (t *topology) number(k key) int {
	n, ok := t.numbers[k]
	if !ok {
		n = len(t.queues)
		t.numbers[k] = n
		t.queues = append(t.queues, k)
	}
	return n
}

// targetSteps is how many steps a queue that is reached costs, for it is kept.
const targetSteps = 50

// walk follows messages from one exchange to the queues that they reach. It is used again
// for one queue after the other.
type walk struct {
	topology *topology
	stop     func() bool // asked now and then, so that a reading that ends does not go on here
	limit    int         // of steps for one queue
	steps    int         // for this queue
	total    int         // for all queues so far

	visits  int   // numbers the routing keys that were followed
	visited []int // by exchange: the visit that came last
	source  int   // numbers the queues that messages come from
	reached []int // by queue: the source that reached it last
	targets []int
	left    []*node
}

func newWalk(t *topology, limit int, stop func() bool) *walk {
	return &walk{topology: t, limit: limit, stop: stop, visited: make([]int, t.nodes), reached: make([]int, len(t.queues))}
}

// begin begins with a queue that messages come from.
func (w *walk) begin() {
	w.source, w.steps, w.targets = w.source+1, 0, w.targets[:0]
}

// follow adds the queues that a message with a routing key reaches from an exchange. It
// returns false when it took more steps than it may.
func (w *walk) follow(from *node, routing string) bool {
	w.visits++
	w.visited[from.number] = w.visits
	w.left = append(w.left[:0], from)
	words := topicWords(routing)
	for len(w.left) > 0 {
		at := w.left[len(w.left)-1]
		w.left = w.left[:len(w.left)-1]
		if !w.take(1) || !w.addAll(at.byKey[routing]) || !w.addAll(at.always) {
			return false
		}
		for i := range at.patterns {
			matches, steps := matchTopic(at.patterns[i].words, words)
			if !w.take(steps) || matches && !w.add(at.patterns[i].to) {
				return false
			}
		}
	}
	return true
}

func (w *walk) addAll(list []destination) bool {
	for _, to := range list {
		if !w.add(to) {
			return false
		}
	}
	return true
}

// add adds what is at the end of a binding that a message takes.
func (w *walk) add(to destination) bool {
	switch {
	case to.exchange != nil:
		if w.visited[to.exchange.number] != w.visits {
			w.visited[to.exchange.number] = w.visits
			w.left = append(w.left, to.exchange)
		}
	case w.reached[to.queue] != w.source:
		w.reached[to.queue] = w.source
		w.targets = append(w.targets, to.queue)
		return w.take(targetSteps)
	}
	return w.take(1)
}

// stopEvery is how many steps are taken between two questions whether to stop.
const stopEvery = 1 << 12

// take counts steps and reports whether there may be more.
func (w *walk) take(steps int) bool {
	before := w.total / stopEvery
	w.steps, w.total = w.steps+steps, w.total+steps
	return w.steps <= w.limit && (w.total/stopEvery == before || !w.stop())
}

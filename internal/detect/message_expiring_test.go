package detect_test

import (
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/signal"
)

// keeping is a queue that keeps messages for a while, with an objective that is in
// no consumer's way.
func keeping(d time.Duration, r signal.Report) signal.Report {
	q := &r.Queues[0]
	q.Setup = &signal.Setup{Type: "delete", Retention: d, MaxMessages: signal.Unknown, MaxBytes: signal.Unknown, MaxDeliveries: signal.Unknown, DropsHead: true}
	q.Objective = signal.Objective{MaxAge: 12 * time.Hour, AbsentAfter: 12 * time.Hour}
	for _, p := range q.Partitions {
		if p.Head.Known() && (!q.Oldest.Known() || p.Head.Since < q.Oldest.Since) {
			q.Oldest = p.Head
		}
	}
	return r
}

// lasting is a queue of RabbitMQ in which a message lives for a while, and is then
// given to no queue.
func lasting(d time.Duration, acked, waiting int64) signal.Report {
	r := keeping(d, rabbit(acked, waiting))
	r.Queues[0].Setup.DeadLettering.Route = signal.RouteNone
	r.Queues[0].Objective = objective
	r.Queues[0].Objective.NoDLQ = true
	return r
}

// rabbit is a queue of RabbitMQ: what was acknowledged and what waits.
func rabbit(acked, waiting int64) signal.Report {
	q := signal.NewQueue(signal.QueueID{System: signal.RabbitMQ, Cluster: "main", Destination: "orders"})
	q.Objective, q.Consumers = objective, 1
	q.Ready, q.Acknowledged = signal.Count(waiting), signal.Count(acked)
	q.Partitions = []signal.Partition{counted(acked, waiting)}
	return signal.Report{Queues: []signal.Queue{q}}
}

// boundedInBytes is a queue of RabbitMQ that holds five million bytes: what was
// acknowledged, what waits, and how large each message is.
func boundedInBytes(acked, waiting, size int64) signal.Report {
	r := rabbit(acked, waiting)
	q := &r.Queues[0]
	q.ReadyBytes = signal.Count(waiting * size)
	q.Setup = &signal.Setup{MaxMessages: signal.Unknown, MaxBytes: 5_000_000, DropsHead: true, DeadLettering: signal.DeadLettering{Route: signal.RouteNone}}
	q.Objective.NoDLQ = true
	return r
}

// behind is a partition whose consumers process half of what arrives: its head is half as old
// as the story.
func behind(s *script, i int) signal.Partition {
	n := int64(i)
	return measured(part(0, n*5, n*10), s.now.Add(-time.Duration(i)*interval/2))
}

// expiryCases are stories of messages that grow old.
var expiryCases = map[string]scenario{
	"half of what comes is processed, until the first is three quarters as old as it may be": {
		story: func(s *script) {
			s.play(13*time.Hour, func(i int) signal.Report { return keeping(8*time.Hour, group(1, behind(s, i))) })
		},
		found: []signal.Mode{signal.MessageExpiring},
		open:  []signal.Mode{signal.MessageExpiring},
	},
	"consumers become fast enough in time": {
		story: func(s *script) {
			s.play(13*time.Hour, func(i int) signal.Report { return keeping(8*time.Hour, group(1, behind(s, i))) })
			s.play(2*time.Hour, func(i int) signal.Report {
				n := int64(i)
				return keeping(8*time.Hour, group(1, measured(part(0, 15600+n*500, 31200+n*10), s.now.Add(-6*time.Hour+time.Duration(i)*interval*40))))
			})
		},
		found: []signal.Mode{signal.MessageExpiring},
	},
	"one partition of three is too slow": {
		story: func(s *script) {
			s.play(13*time.Hour, func(i int) signal.Report {
				n := int64(i)
				return keeping(8*time.Hour, group(3, part(0, n*100, n*100), behind(s, i), part(0, n*100, n*100)))
			})
		},
		found: []signal.Mode{signal.MessageExpiring},
		open:  []signal.Mode{signal.MessageExpiring},
	},
	"the rate at which it is processed wavers": {
		story: func(s *script) {
			committed := 0.0
			s.play(18*time.Hour, func(i int) signal.Report {
				committed += 5 + 0.4*float64(i/480%2)
				age := (float64(i) - committed/10) * interval.Seconds()
				p := measured(part(0, int64(committed), int64(i*10)), s.now.Add(-time.Duration(age)*time.Second))
				return keeping(8*time.Hour, group(1, p))
			})
		},
		found: []signal.Mode{signal.MessageExpiring},
		open:  []signal.Mode{signal.MessageExpiring},
	},
	"no consumer reads what none was seen to read": {
		story: func(s *script) {
			begin := s.now
			s.play(5*time.Hour, func(int) signal.Report {
				return keeping(8*time.Hour, group(0, measured(orphan(0, 5, 90), begin)))
			})
		},
		found: []signal.Mode{signal.MessageExpiring},
		open:  []signal.Mode{signal.MessageExpiring},
	},
	"messages that live for ten minutes wait for twenty": {
		story: func(s *script) {
			s.play(time.Hour, func(i int) signal.Report { return lasting(10*time.Minute, int64(i)*10, 800) })
		},
		found: []signal.Mode{signal.MessageExpiring},
		open:  []signal.Mode{signal.MessageExpiring},
	},
	"a queue of bounded length fills": {
		story: func(s *script) {
			s.play(25*time.Minute, func(i int) signal.Report {
				r := rabbit(int64(i)*1000, int64(i)*100)
				r.Queues[0].Setup = &signal.Setup{MaxMessages: 10000, DropsHead: true, DeadLettering: signal.DeadLettering{Route: signal.RouteNone}}
				r.Queues[0].Objective.NoDLQ = true
				return r
			})
		},
		found: []signal.Mode{signal.MessageExpiring},
		open:  []signal.Mode{signal.MessageExpiring},
	},
	"a queue of bounded size fills": {
		story: func(s *script) {
			s.play(25*time.Minute, func(i int) signal.Report { return boundedInBytes(int64(i)*1000, int64(i)*100, 500) })
		},
		found: []signal.Mode{signal.MessageExpiring},
		open:  []signal.Mode{signal.MessageExpiring},
	},
	"a queue that is bounded in length and in size has less room in size": {
		story: func(s *script) {
			s.play(25*time.Minute, func(i int) signal.Report {
				r := boundedInBytes(int64(i)*1000, int64(i)*100, 500)
				r.Queues[0].Setup.MaxMessages = 10_000_000
				return r
			})
		},
		found: []signal.Mode{signal.MessageExpiring},
		open:  []signal.Mode{signal.MessageExpiring},
	},
	"nobody takes dead letters out before they are removed": {
		story: func(s *script) {
			begin := s.now
			s.play(5*time.Hour, func(int) signal.Report { return deadFor(8*time.Hour, 0, begin) })
		},
		found: []signal.Mode{signal.DLQFilling, signal.MessageExpiring},
		open:  []signal.Mode{signal.DLQFilling, signal.MessageExpiring},
	},
	"a dead letter queue of SQS keeps messages no longer than its source": {
		story: func(s *script) {
			s.play(time.Hour, func(int) signal.Report { return deadFor(96*time.Hour, 96*time.Hour, s.now) })
		},
		found: []signal.Mode{signal.MessageExpiring, signal.DLQFilling},
		open:  []signal.Mode{signal.DLQFilling, signal.MessageExpiring},
	},
	"benign: a dead letter queue of SQS that keeps messages for longer than its source": {
		story: func(s *script) {
			s.play(time.Hour, func(int) signal.Report { return deadFor(14*24*time.Hour, 96*time.Hour, s.now) })
		},
		found: []signal.Mode{signal.DLQFilling},
		open:  []signal.Mode{signal.DLQFilling},
	},
	"benign: a first-in-first-out dead letter queue, which counts from when a message came": {
		story: func(s *script) {
			s.play(time.Hour, func(int) signal.Report {
				r := deadFor(96*time.Hour, 96*time.Hour, s.now)
				r.DeadLetters[0].Destination = "orders-dlq.fifo"
				r.DeadLetters[0].KeepsAge = false // a FIFO queue counts the age from the arrival
				return r
			})
		},
		found: []signal.Mode{signal.DLQFilling},
		open:  []signal.Mode{signal.DLQFilling},
	},
	"benign: an empty dead letter queue that would keep messages for too short": {
		story: func(s *script) {
			s.play(time.Hour, func(int) signal.Report {
				r := deadFor(96*time.Hour, 96*time.Hour, s.now)
				r.DeadLetters[0].Messages = 0
				return r
			})
		},
	},
	"benign: a batch that is half as old as it may be and is worked off in time": {
		story: func(s *script) {
			begin := s.now
			s.play(10*time.Hour, func(i int) signal.Report {
				return keeping(16*time.Hour, group(1, measured(part(0, int64(i)*10, 26000), begin)))
			})
		},
	},
	"benign: an old head, and all that wait are as old": {
		story: func(s *script) {
			s.play(24*time.Hour, func(i int) signal.Report {
				n := int64(i)
				return keeping(8*time.Hour, group(1, measured(part(0, n, n+1440), s.now.Add(-6*time.Hour))))
			})
		},
	},
	"benign: consumers come back from a long absence and work it off": {
		story: func(s *script) {
			begin := s.now
			s.play(3*time.Hour, func(i int) signal.Report {
				return keeping(8*time.Hour, group(0, measured(orphan(0, 5, 5+int64(i)), begin)))
			})
			s.play(3*time.Hour, func(i int) signal.Report {
				return keeping(8*time.Hour, group(1, measured(part(0, 5+int64(i)*5, 725+int64(i)), begin.Add(time.Duration(i)*5*interval))))
			})
		},
	},
	"benign: a deploy beside an old backlog": {
		story: func(s *script) {
			for n := range int64(6) {
				s.play(20*time.Minute, func(i int) signal.Report {
					return keeping(8*time.Hour, group(1, measured(part(0, n*86+int64(i), 1440+n*86+int64(i)), s.now.Add(-6*time.Hour))))
				})
				s.play(90*time.Second, func(i int) signal.Report {
					return keeping(8*time.Hour, group(0, measured(orphan(0, n*86+80, 1520+n*86+int64(i)), s.now.Add(-6*time.Hour))))
				})
			}
		},
	},
	"benign: a replay of what is nearly removed": {
		story: func(s *script) {
			for range 3 {
				s.play(20*time.Minute, func(i int) signal.Report {
					return keeping(8*time.Hour, group(1, measured(part(0, 100+int64(i), 1540+int64(i)), s.now.Add(-6*time.Hour))))
				})
			}
		},
	},
	"benign: lostorder restarts beside an old head": {
		story: func(s *script) {
			for range 20 {
				s.play(10*time.Minute, func(i int) signal.Report {
					n := int64(i)
					return keeping(8*time.Hour, group(1, measured(part(0, n, n+1440), s.now.Add(-7*time.Hour))))
				})
				s.restart()
			}
		},
	},
	"benign: messages that expire are given to a dead letter queue": {
		story: func(s *script) {
			s.play(time.Hour, func(i int) signal.Report {
				r := lasting(10*time.Minute, int64(i)*10, 800)
				r.Queues[0].Setup.DeadLettering.Route = signal.RouteSet
				return r
			})
		},
	},
	"benign: it is not known where messages that expire go": {
		story: func(s *script) {
			s.play(time.Hour, func(i int) signal.Report {
				r := lasting(10*time.Minute, int64(i)*10, 800)
				r.Queues[0].Setup.DeadLettering.Route = signal.RouteUnknown
				return r
			})
		},
	},
	"benign: messages that live for ten minutes wait for five": {
		story: func(s *script) {
			s.play(time.Hour, func(i int) signal.Report { return lasting(10*time.Minute, int64(i)*10, 195) })
		},
	},
	"benign: a bounded queue that refuses what is too much": {
		story: func(s *script) {
			s.play(25*time.Minute, func(i int) signal.Report {
				r := rabbit(int64(i)*1000, int64(i)*100)
				r.Queues[0].Setup = &signal.Setup{MaxMessages: 10000, DeadLettering: signal.DeadLettering{Route: signal.RouteNone}}
				r.Queues[0].Objective.NoDLQ = true
				return r
			})
		},
	},
	"benign: a burst into a bounded queue that drains": {
		story: func(s *script) {
			s.play(30*time.Minute, func(i int) signal.Report {
				r := rabbit(int64(i)*1000, 9000-int64(i)*70)
				r.Queues[0].Setup = &signal.Setup{MaxMessages: 10000, DropsHead: true, DeadLettering: signal.DeadLettering{Route: signal.RouteNone}}
				r.Queues[0].Objective.NoDLQ = true
				return r
			})
		},
	},
	"benign: small messages in a queue of bounded size": {
		story: func(s *script) {
			s.play(25*time.Minute, func(i int) signal.Report { return boundedInBytes(int64(i)*1000, int64(i)*100, 5) })
		},
	},
	"benign: it is not known how large the messages in a queue of bounded size are": {
		story: func(s *script) {
			s.play(25*time.Minute, func(i int) signal.Report {
				r := boundedInBytes(int64(i)*1000, int64(i)*100, 500)
				r.Queues[0].ReadyBytes = signal.Unknown
				return r
			})
		},
	},
	"benign: a queue of bounded size that refuses what is too much": {
		story: func(s *script) {
			s.play(25*time.Minute, func(i int) signal.Report {
				r := boundedInBytes(int64(i)*1000, int64(i)*100, 500)
				r.Queues[0].Setup.DropsHead = false
				return r
			})
		},
	},
	"benign: a queue of bounded size that passes on what is too much": {
		story: func(s *script) {
			s.play(25*time.Minute, func(i int) signal.Report {
				r := boundedInBytes(int64(i)*1000, int64(i)*100, 500)
				r.Queues[0].Setup.DeadLettering.Route = signal.RouteSet
				return r
			})
		},
	},
	"benign: a burst into a queue of bounded size that drains": {
		story: func(s *script) {
			s.play(30*time.Minute, func(i int) signal.Report { return boundedInBytes(int64(i)*1000, 9000-int64(i)*70, 500) })
		},
	},
	"a dead letter queue that is watched as a queue too, without partitions": {
		story: func(s *script) {
			begin := s.now
			s.play(5*time.Hour, func(int) signal.Report {
				r := deadFor(8*time.Hour, 0, begin)
				r.Queues = lasting(8*time.Hour, 0, 3).Queues
				q := &r.Queues[0]
				q.System, q.Cluster, q.Destination, q.Group = r.DeadLetters[0].System, r.DeadLetters[0].Cluster, r.DeadLetters[0].Destination, ""
				q.Objective, q.Partitions = signal.Objective{}, nil
				return r
			})
		},
		found: []signal.Mode{signal.DLQFilling, signal.MessageExpiring},
		open:  []signal.Mode{signal.DLQFilling, signal.MessageExpiring},
	},
	"benign: a queue that holds messages back for a while and then gives them on": {
		story: func(s *script) {
			begin := s.now
			s.play(5*time.Hour, func(int) signal.Report {
				r := deadFor(8*time.Hour, 0, begin)
				r.Queues = lasting(8*time.Hour, 0, 3).Queues
				r.Queues[0].Destination, r.Queues[0].Objective = r.DeadLetters[0].Destination, signal.Objective{}
				r.Queues[0].Setup.DeadLettering.Route = signal.RouteSet
				return r
			})
		},
		found: []signal.Mode{signal.DLQFilling},
		open:  []signal.Mode{signal.DLQFilling},
	},
}

// deadFor is a dead letter queue that keeps messages for a while and holds three.
func deadFor(keeps, source time.Duration, since time.Time) signal.Report {
	r := deadLetters(3, 3)
	d := &r.DeadLetters[0]
	d.Retention, d.SourceRetention = keeps, source
	d.Oldest = signal.Age{Since: signal.InstantOf(since), Bound: signal.AtLeast}
	if source > 0 {
		d.System, d.KeepsAge = signal.SQS, true
	}
	return r
}

func TestExpiringMessages(t *testing.T) { playAll(t, expiryCases) }

func TestExpiringMessagesAreReportedWithTheTimeLeft(t *testing.T) {
	s := newScript(t)
	s.play(11*time.Hour, func(i int) signal.Report { return keeping(8*time.Hour, group(1, behind(s, i))) })
	if threats := s.detector.Expiries(); len(threats) != 1 || threats[0].Destination != "orders" || threats[0].In.Round(time.Minute) != 5*time.Hour {
		t.Errorf("threats %+v, want five hours, before it is a finding", threats)
	}
	if len(s.opened) > 0 {
		t.Errorf("found too early: %+v", s.opened)
	}
	s.play(2*time.Hour, func(i int) signal.Report { return keeping(8*time.Hour, group(1, behind(s, i+2640))) })
	if len(s.opened) != 1 {
		t.Fatalf("opened %d findings, want 1", len(s.opened))
	}
	f := s.opened[0]
	for name, want := range map[string]string{
		"removed_in": "4h0m0s", "oldest_message_age": "6h0m0s (measured)",
		"removed_at_age": "at least 8h0m0s", "drain_rate": "20.0/min",
	} {
		if got := fact(f.Evidence, name); got != want {
			t.Errorf("%s %q, want %q", name, got, want)
		}
	}
	if f.Severity != signal.Critical {
		t.Errorf("%s, want critical", f.Severity)
	}
}

func TestBatchThatIsProcessedInTimeThreatensNothing(t *testing.T) {
	s := newScript(t)
	begin := s.now
	s.play(10*time.Hour, func(i int) signal.Report {
		if threats := s.detector.Expiries(); len(threats) > 0 {
			t.Fatalf("after %d readings %+v", i, threats)
		}
		return keeping(16*time.Hour, group(1, measured(part(0, int64(i)*10, 26000), begin)))
	})
}

func TestCauseReportsTheTimeUntilMessagesAreRemoved(t *testing.T) {
	s := newScript(t)
	begin := s.now
	s.play(3*time.Hour, func(int) signal.Report {
		r := keeping(4*time.Hour, group(1, measured(part(0, 5, 90), begin)))
		r.Queues[0].Objective = objective
		r.Queues[0].Objective.NoDLQ = true
		return r
	})
	if len(s.opened) != 1 || s.opened[0].Mode != signal.ConsumerStalled {
		t.Fatalf("opened %+v, want only the stall", s.opened)
	}
	f := s.detector.Open()[0]
	if got := fact(f.Evidence, "removed_in"); got != "1h0m0s" {
		t.Errorf("the stall says %q of when messages will be removed", got)
	}
	if threats := s.detector.Expiries(); len(threats) != 1 || threats[0].In != time.Hour {
		t.Errorf("threats %+v, want an hour", threats)
	}
	s.play(interval, func(int) signal.Report { return group(1, part(0, 90, 90)) })
	if threats := s.detector.Expiries(); len(threats) != 0 {
		t.Errorf("threats %+v, want none once all was read", threats)
	}
}

func TestQueueOfBoundedSizeNamesItsBound(t *testing.T) {
	s := newScript(t)
	s.play(18*time.Minute, func(i int) signal.Report { return boundedInBytes(int64(i)*1000, int64(i)*100, 500) })
	if len(s.opened) != 1 {
		t.Fatalf("opened %+v, want one finding", s.opened)
	}
	evidence := s.opened[0].Evidence
	if got := fact(evidence, "max_length"); got != "" {
		t.Errorf("max_length %q of a queue that has none", got)
	}
	if got := fact(evidence, "max_length_bytes"); got != "4.8 MiB" || fact(evidence, "used_bytes") == "" {
		t.Errorf("max_length_bytes %q", got)
	}
}

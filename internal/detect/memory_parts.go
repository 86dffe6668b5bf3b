package detect

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/lostorder/lostorder/internal/signal"
)

// A Memory is written in parts, so that a change of one queue writes that queue: the
// target, each queue, and the partitions of each queue. Partitions are most of the memory,
// and are written as the difference to the partition before, a few bytes for each.

// The kinds of parts.
const (
	partTarget     = "target"
	partQueue      = "queue/"
	partPartitions = "partitions/"
)

// Parts calls add for each part of the memory. It does not change the memory.
func (m *Memory) Parts(add func(key string, body []byte)) error {
	target := *m
	target.Queues = nil
	body, err := json.Marshal(&target)
	if err != nil {
		return fmt.Errorf("encode the memory of %s: %w", m.Target, err)
	}
	add(partTarget, body)
	for _, q := range m.Queues {
		queue := *q
		if queue.At == m.Last {
			queue.At = 0 // most queues; a reading that changes nothing writes nothing
		}
		queue.Progress.Partitions, queue.Losses.Settled = nil, nil
		if body, err = json.Marshal(&queue); err != nil {
			return fmt.Errorf("encode the memory of %s: %w", m.Target, err)
		}
		name := partName(q.ID)
		add(partQueue+name, body)
		if len(q.Progress.Partitions) > 0 {
			add(partPartitions+name, encodePartitions(q))
		}
	}
	return nil
}

// MemoryOf reads the parts of a memory.
func MemoryOf(parts map[string][]byte) (*Memory, error) {
	m := &Memory{}
	if err := json.Unmarshal(parts[partTarget], m); err != nil {
		return nil, fmt.Errorf("decode a memory: %w", err)
	}
	if m.Version != MemoryVersion {
		return m, nil // Restore refuses it
	}
	for key, body := range parts {
		name, ok := strings.CutPrefix(key, partQueue)
		if !ok {
			continue
		}
		q := &queueMemory{}
		if err := json.Unmarshal(body, q); err != nil {
			return nil, fmt.Errorf("decode the memory of %s: %w", m.Target, err)
		}
		if q.At == 0 {
			q.At = m.Last
		}
		if encoded, ok := parts[partPartitions+name]; ok {
			if err := decodePartitions(encoded, q); err != nil {
				return nil, fmt.Errorf("decode the memory of %s: %w", m.Target, err)
			}
		}
		m.Queues = append(m.Queues, q)
	}
	return m, nil
}

func partName(id signal.QueueID) string {
	return signal.JoinNames(string(id.System), id.Cluster, id.Destination, id.Group)
}

// partitionFlags are the flags of an encoded partition.
const (
	flagSeen = 1 << iota
	flagAdvanced
	flagSawProgress
	flagNothingToDeliver
	flagsUsed = iota
)

// partitionNumbers lists the numbers of a partition, in the order in which they are
// written.
func partitionNumbers(p *partition, settled *int64) [11]*int64 {
	return [...]*int64{
		&p.Waiting, &p.Start, &p.End, &p.Committed, &p.FirstEnd, settled, (*int64)(&p.Head.Since),
		(*int64)(&p.StuckSince), (*int64)(&p.OwnedSince), (*int64)(&p.UnassignedSince), (*int64)(&p.UnreadSince),
	}
}

func encodePartitions(q *queueMemory) []byte {
	b := make([]byte, 0, 24*len(q.Progress.Partitions))
	b = binary.AppendUvarint(b, uint64(len(q.Progress.Partitions)))
	var before partition
	var settledBefore int64
	for i := range q.Progress.Partitions {
		p := q.Progress.Partitions[i]
		var settled int64
		if i < len(q.Losses.Settled) {
			settled = q.Losses.Settled[i].Offset
		}
		flags := byte(p.Head.Bound) << flagsUsed
		for j, set := range [...]bool{p.Seen, p.Advanced, p.SawProgress, p.NothingToDeliver} {
			if set {
				flags |= 1 << j
			}
		}
		b = append(b, flags)
		b = binary.AppendVarint(b, int64(p.ID)-int64(before.ID))
		old, now := partitionNumbers(&before, &settledBefore), partitionNumbers(&p, &settled)
		for j := range now {
			b = binary.AppendVarint(b, *now[j]-*old[j])
		}
		before, settledBefore = p, settled
	}
	return b
}

var errPartitions = errors.New("partitions are cut off")

func decodePartitions(b []byte, q *queueMemory) error {
	r := bytes.NewReader(b)
	n, err := binary.ReadUvarint(r)
	if err != nil || n > uint64(len(b)) {
		return errPartitions
	}
	q.Progress.Partitions = make([]partition, n)
	q.Losses.Settled = make([]settledOffset, n)
	var p partition
	var settled int64
	for i := range q.Progress.Partitions {
		flags, err := r.ReadByte()
		if err != nil {
			return errPartitions
		}
		p.Seen, p.Advanced, p.SawProgress, p.NothingToDeliver = flags&flagSeen != 0, flags&flagAdvanced != 0, flags&flagSawProgress != 0, flags&flagNothingToDeliver != 0
		p.Head.Bound = signal.Bound(flags >> flagsUsed)
		id, err := binary.ReadVarint(r)
		if err != nil {
			return errPartitions
		}
		p.ID += int32(id) //nolint:gosec // written from one
		for _, number := range partitionNumbers(&p, &settled) {
			difference, err := binary.ReadVarint(r)
			if err != nil {
				return errPartitions
			}
			*number += difference
		}
		q.Progress.Partitions[i] = p
		q.Losses.Settled[i] = settledOffset{Partition: p.ID, Offset: settled}
	}
	return nil
}

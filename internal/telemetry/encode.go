package telemetry

import (
	"bytes"
	"io"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// encoder writes metrics in one format: the series of a family apart from its head, so that
// the series of several targets can follow one head.
type encoder interface {
	// encode writes the series that a view has of a metric.
	encode(w io.Writer, m *Metric, v *view) error
	// head returns what stands before the series of a metric, which have so many bytes.
	head(m *Metric, size int) ([]byte, error)
}

func newEncoder(t expfmt.FormatType) encoder {
	switch t {
	case expfmt.TypeProtoDelim:
		return newProtoEncoder()
	case expfmt.TypeOpenMetrics:
		t := newTextEncoder(func(out io.Writer, f *dto.MetricFamily) (int, error) {
			return expfmt.MetricFamilyToOpenMetrics(out, f)
		})
		t.lines.openMetrics = true
		return t
	default:
		return newTextEncoder(expfmt.MetricFamilyToText)
	}
}

// textEncoder lets the library write the head of a family and the rare series with an
// exemplar. It writes the many other series itself, as lines.
type textEncoder struct {
	block   block
	lines   liner
	out     io.Writer
	library func(io.Writer, *dto.MetricFamily) (int, error)
}

func newTextEncoder(library func(io.Writer, *dto.MetricFamily) (int, error)) *textEncoder {
	t := &textEncoder{library: library}
	t.block.flush = t.write
	return t
}

func (t *textEncoder) encode(w io.Writer, m *Metric, v *view) error {
	t.out = w
	return t.block.encode(t.named(m), v)
}

// named returns the metric under its name in the format.
func (t *textEncoder) named(m *Metric) *Metric {
	if t.lines.openMetrics {
		return m.unclashed()
	}
	return m
}

func (t *textEncoder) write(m *Metric, series []*dto.Metric) error {
	for _, one := range series {
		line := []byte(nil)
		if one.GetCounter().GetExemplar() == nil {
			line = t.lines.write(m.Name, one)
		} else {
			var err error
			if _, line, err = t.byLibrary(m, one); err != nil {
				return err
			}
		}
		if _, err := t.out.Write(line); err != nil {
			return err
		}
	}
	return nil
}

func (t *textEncoder) head(m *Metric, _ int) ([]byte, error) {
	m = t.named(m)
	zero := newRoom()
	series := &dto.Metric{}
	switch m.Type {
	case Counter:
		series.Counter = &zero.counter
	case unknown:
		series.Untyped = &zero.untyped
	default:
		series.Gauge = &zero.gauge
	}
	head, _, err := t.byLibrary(m, series)
	return head, err
}

// byLibrary returns the head of a family and the line of its only series.
func (t *textEncoder) byLibrary(m *Metric, series *dto.Metric) (head, line []byte, err error) {
	var both bytes.Buffer
	if _, err := t.library(&both, m.family([]*dto.Metric{series})); err != nil {
		return nil, nil, err
	}
	line = both.Bytes()
	for bytes.HasPrefix(line, []byte("#")) {
		line = line[bytes.IndexByte(line, '\n')+1:]
	}
	return both.Bytes()[:both.Len()-len(line)], line, nil
}

// protoEncoder writes delimited families.
type protoEncoder struct {
	block block
	liner protoLiner
	buf   []byte
	out   io.Writer
}

func newProtoEncoder() *protoEncoder {
	p := &protoEncoder{}
	p.block.flush = func(_ *Metric, series []*dto.Metric) error {
		p.buf = p.buf[:0]
		for _, one := range series {
			body, err := p.liner.encode(one)
			if err != nil {
				return err
			}
			p.buf = protowire.AppendBytes(protowire.AppendTag(p.buf, fieldMetric, protowire.BytesType), body)
		}
		_, err := p.out.Write(p.buf)
		return err
	}
	return p
}

func (p *protoEncoder) encode(w io.Writer, m *Metric, v *view) error {
	p.out = w
	return p.block.encode(m, v)
}

// head begins with the length of the whole family.
func (p *protoEncoder) head(m *Metric, size int) ([]byte, error) {
	head := m.family(nil)
	return proto.MarshalOptions{}.MarshalAppend(protowire.AppendVarint(nil, uint64(size+proto.Size(head))), head) //nolint:gosec // sizes are positive
}

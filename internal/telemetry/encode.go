package telemetry

import (
	"bufio"
	"bytes"
	"io"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// writer writes the metrics of a view in one format, piece by piece.
type writer interface {
	write(m *Metric, v *view) error
	flush() error
}

func newWriter(t expfmt.FormatType, w io.Writer) writer {
	switch t {
	case expfmt.TypeProtoDelim:
		return newProtoWriter(w)
	case expfmt.TypeOpenMetrics:
		t := newTextWriter(w, func(out io.Writer, f *dto.MetricFamily) (int, error) {
			return expfmt.MetricFamilyToOpenMetrics(out, f)
		})
		t.lines.openMetrics = true
		return t
	default:
		return newTextWriter(w, expfmt.MetricFamilyToText)
	}
}

// textWriter lets the library write the head of a family with its first series, and
// the rare series with an exemplar. Those are a family of their own, without its
// first line. textWriter itself writes the many other series, as lines.
type textWriter struct {
	block  block
	lines  liner
	cut    headCutter
	out    *bufio.Writer
	encode func(io.Writer, *dto.MetricFamily) (int, error)
}

func newTextWriter(w io.Writer, encode func(io.Writer, *dto.MetricFamily) (int, error)) *textWriter {
	t := &textWriter{cut: headCutter{to: w}, encode: encode}
	t.out = bufio.NewWriterSize(&t.cut, 32<<10)
	t.block.flush = t.piece
	return t
}

func (t *textWriter) write(m *Metric, v *view) error {
	if t.lines.openMetrics {
		m = m.unclashed()
	}
	return t.block.encode(m, v)
}

func (t *textWriter) flush() error { return t.out.Flush() }

func (t *textWriter) piece(m *Metric, series []*dto.Metric, first bool) error {
	for i, one := range series {
		var err error
		if first && i == 0 || one.GetCounter().GetExemplar() != nil {
			err = t.byLibrary(m, series[i:i+1], first && i == 0)
		} else {
			_, err = t.out.Write(t.lines.write(m.Name, one))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *textWriter) byLibrary(m *Metric, series []*dto.Metric, first bool) error {
	f := m.family(series)
	if !first {
		if err := t.out.Flush(); err != nil {
			return err
		}
		f.Help, f.Unit, t.cut.armed = nil, nil, true // leaves "# TYPE", which is cut
	}
	_, err := t.encode(t.out, f)
	return err
}

// headCutter passes bytes on, without the first line after it was armed.
type headCutter struct {
	to    io.Writer
	armed bool
}

func (c *headCutter) Write(p []byte) (int, error) {
	n := len(p)
	if c.armed {
		end := bytes.IndexByte(p, '\n')
		if end < 0 {
			return n, nil
		}
		c.armed, p = false, p[end+1:]
	}
	if _, err := c.to.Write(p); err != nil {
		return 0, err
	}
	return n, nil
}

// protoWriter writes delimited families. The length of a family precedes it, so its series
// are made twice: first to add up their sizes, then to write them. A family is never in
// memory as a whole.
type protoWriter struct {
	measure, emit block
	liner         protoLiner
	size          int
	buf           []byte
	out           *bufio.Writer
}

func newProtoWriter(w io.Writer) *protoWriter {
	p := &protoWriter{out: bufio.NewWriterSize(w, 32<<10)}
	p.measure.flush = func(_ *Metric, series []*dto.Metric, _ bool) error {
		for _, one := range series {
			body, err := p.liner.encode(one)
			if err != nil {
				return err
			}
			p.size += protowire.SizeTag(fieldMetric) + protowire.SizeBytes(len(body))
		}
		return nil
	}
	p.emit.flush = func(m *Metric, series []*dto.Metric, first bool) error {
		p.buf = p.buf[:0]
		if first {
			head := m.family(nil)
			p.buf = protowire.AppendVarint(p.buf, uint64(p.size+proto.Size(head))) //nolint:gosec // sizes are positive
			if err := p.marshal(head); err != nil {
				return err
			}
		}
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

func (p *protoWriter) marshal(f *dto.MetricFamily) (err error) {
	p.buf, err = proto.MarshalOptions{}.MarshalAppend(p.buf, f)
	return err
}

func (p *protoWriter) write(m *Metric, v *view) error {
	p.size = 0
	if err := p.measure.encode(m, v); err != nil {
		return err
	}
	return p.emit.encode(m, v)
}

func (p *protoWriter) flush() error { return p.out.Flush() }

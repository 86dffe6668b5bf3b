package web

import (
	"bytes"
	"net/http"
	"strconv"

	"github.com/lostorder/lostorder/internal/web/api"
)

// ordersCSV answers with the orders that a finding names. Headers say how many those are,
// and how many the finding is about: the others are not in memory.
func (s *server) ordersCSV(w http.ResponseWriter, r *http.Request) {
	id, known := r.PathValue("id"), s.snapshot()
	f := find(known, id)
	if f == nil {
		fail(w, http.StatusNotFound, "no finding "+id+" is open or was recently closed")
		return
	}
	var body bytes.Buffer
	if err := api.WriteOrders(&body, []api.Finding{s.finding(f, known.Recurrences(recurWithin, s.Now()))}); err != nil {
		fail(w, http.StatusInternalServerError, "write the orders")
		return
	}
	if fresh(w, r, body.Bytes()) {
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", "attachment; filename=orders.csv")
	h.Set("Lostorder-Orders-Named", strconv.Itoa(len(f.OrderIDs)))
	h.Set("Lostorder-Orders-Affected", strconv.FormatInt(f.Count, 10))
	_, _ = w.Write(body.Bytes()) // the client may have gone
}

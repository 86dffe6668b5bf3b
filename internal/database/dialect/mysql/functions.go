package mysql

import (
	"context"
	"slices"
	"strings"

	"github.com/lostorder/lostorder/internal/database/dialect"
)

// harmless are the functions of MySQL and MariaDB that lock nothing, write nothing and do not wait,
// and the words of SQL that a parenthesis may follow.
var harmless = func() map[string]bool {
	const functions = `
		abs acos adddate addtime aes_decrypt aes_encrypt any_value ascii asin atan atan2 avg bin bin_to_uuid binary bit_and bit_count bit_length bit_or bit_xor
		cast ceil ceiling char char_length character_length charset coalesce coercibility collation column_check column_exists column_get column_json column_list
		compress concat concat_ws connection_id conv convert convert_tz cos cot count crc32 crc32c cume_dist curdate current_date current_role current_time
		current_timestamp current_user curtime database date date_add date_format date_sub datediff day dayname dayofmonth dayofweek dayofyear decode dense_rank
		degrees elt encode exp export_set extract extractvalue field find_in_set first_value floor format format_bytes format_pico_time from_base64 from_days from_unixtime
		get_format greatest group_concat grouping hex hour if ifnull inet6_aton inet6_ntoa inet_aton inet_ntoa insert instr interval is_ipv4 is_ipv6 is_uuid isnull
		json_array json_array_append json_array_insert json_arrayagg json_compact json_contains json_contains_path json_depth json_detailed json_equals json_exists json_extract
		json_insert json_keys json_length json_loose json_merge json_merge_patch json_merge_preserve json_normalize json_object json_objectagg json_overlaps json_pretty json_query
		json_quote json_remove json_replace json_schema_valid json_search json_set json_storage_free json_storage_size json_table json_type json_unquote json_valid json_value
		lag last_day last_value lcase lead least left length ln localtime localtimestamp locate log log10 log2 lower lpad ltrim make_set makedate maketime max md5
		median member microsecond mid min minute mod month monthname name_const nanosecond natural_sort_key now nth_value ntile nullif nvl nvl2 oct octet_length old_password ord password
		percent_rank percentile_cont percentile_disc period_add period_diff pi point polygon position pow power quarter quote radians rand rank regexp_instr regexp_like
		regexp_replace regexp_substr repeat replace reverse right round row_number rpad rtrim schema sec_to_time second session_user sformat sha sha1 sha2 sign sin soundex space sqrt
		st_astext st_contains st_distance st_distance_sphere st_geomfromtext st_intersects st_within st_x st_y std stddev stddev_pop stddev_samp str_to_date strcmp subdate
		substr substring substring_index subtime sum sys_guid sysdate system_user tan time time_format time_to_sec timediff timestamp timestampadd timestampdiff to_base64 to_char
		to_days to_seconds trim truncate ucase uncompress uncompressed_length unhex unix_timestamp updatexml upper user utc_date utc_time utc_timestamp uuid uuid_short uuid_to_bin
		values value var_pop var_samp variance version week weekday weekofyear weight_string year yearweek`
	const words = `
		all and any as between bigint bit blob by case character columns date datetime dec decimal distinct div double else end except exists fixed float for force from
		having ignore in index int integer intersect is join key lateral like limit mediumint nchar not numeric offset on or order over partition path real recursive regexp return
		rlike rows select separator set signed smallint some sounds straight_join then time timestamp tinyint union unsigned use using varbinary varchar when where window with xor year`
	all := map[string]bool{}
	for name := range strings.FieldsSeq(functions + words) {
		all[name] = true
	}
	return all
}()

// Unsafe uses a list. A user-defined function may do anything, and the server does not
// say what.
func (d *server) Unsafe(_ context.Context, _ dialect.Tx, calls []dialect.Call) (unsafe []string, err error) {
	for _, c := range calls {
		if c.Schema != "" || !harmless[strings.ToLower(c.Name)] && !strings.HasPrefix(c.Name, "lostorder_") {
			unsafe = append(unsafe, c.String())
		}
	}
	slices.Sort(unsafe)
	return unsafe, nil
}

CREATE TABLE access_requests (
	id INTEGER NOT NULL, 
	station VARCHAR(64) NOT NULL, 
	person_id BIGINT NOT NULL, 
	asked_at DATETIME NOT NULL, 
	notices JSON NOT NULL, 
	answer VARCHAR(32), 
	answered_by VARCHAR(128), 
	answered_at DATETIME, 
	PRIMARY KEY (id)
);

CREATE TABLE acquaintances (
	id BIGINT NOT NULL, 
	name VARCHAR(128) NOT NULL, 
	username VARCHAR(64), 
	PRIMARY KEY (id), 
	UNIQUE (username)
);

CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

CREATE TABLE "audit" (
	id INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	update_id BIGINT NOT NULL, 
	actor_id BIGINT NOT NULL, 
	actor_name VARCHAR(128) NOT NULL, 
	chat_id BIGINT NOT NULL, 
	station VARCHAR(64) NOT NULL, 
	what VARCHAR(64) NOT NULL, 
	arguments VARCHAR(256) NOT NULL, 
	permission VARCHAR(32) NOT NULL, 
	allowed BOOLEAN NOT NULL, 
	reason VARCHAR(64) NOT NULL, 
	PRIMARY KEY (id)
);

CREATE TABLE audit_outcomes (
	id INTEGER NOT NULL, 
	decision_id INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	outcome VARCHAR(128) NOT NULL, 
	"before" JSON, 
	"after" JSON, 
	PRIMARY KEY (id), 
	FOREIGN KEY(decision_id) REFERENCES audit (id)
);

CREATE TABLE bindings (
	chat_id BIGINT NOT NULL, 
	station VARCHAR(64) NOT NULL, 
	alerts BOOLEAN NOT NULL, 
	by_id BIGINT NOT NULL, 
	by_name VARCHAR(128) NOT NULL, 
	at DATETIME NOT NULL, 
	PRIMARY KEY (chat_id, station)
);

CREATE TABLE call_chats (
	station VARCHAR(64) NOT NULL, 
	chat_id BIGINT NOT NULL, 
	hours VARCHAR(512), 
	hours_at DATETIME, 
	remind_after INTEGER, 
	remind_at DATETIME, 
	PRIMARY KEY (station, chat_id)
);

CREATE TABLE call_subscriptions (
	station VARCHAR(64) NOT NULL, 
	chat_id BIGINT NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	thread_id BIGINT, 
	phones JSON NOT NULL, 
	numbers JSON NOT NULL, 
	by_id BIGINT NOT NULL, 
	by_name VARCHAR(128) NOT NULL, 
	at DATETIME NOT NULL, 
	read_until DATETIME NOT NULL, unread_since DATETIME, 
	PRIMARY KEY (station, chat_id, kind)
);

CREATE TABLE card_incidents (
	card_id INTEGER NOT NULL, 
	incident_id INTEGER NOT NULL, 
	PRIMARY KEY (card_id, incident_id), 
	FOREIGN KEY(card_id) REFERENCES cards (id), 
	FOREIGN KEY(incident_id) REFERENCES incidents (id)
);

CREATE TABLE cards (
	id INTEGER NOT NULL, 
	station VARCHAR(64) NOT NULL, 
	chat_id BIGINT NOT NULL, 
	thread_id BIGINT, 
	loud BOOLEAN NOT NULL, 
	opened_at DATETIME NOT NULL, 
	joined_at DATETIME NOT NULL, 
	message INTEGER NOT NULL, 
	closed_at DATETIME, 
	PRIMARY KEY (id), 
	FOREIGN KEY(message) REFERENCES outbox (id)
);

CREATE TABLE chat_holds (
	chat_id BIGINT NOT NULL, 
	until DATETIME NOT NULL, 
	PRIMARY KEY (chat_id)
);

CREATE TABLE chat_moves (
	old_id BIGINT NOT NULL, 
	new_id BIGINT NOT NULL, 
	at DATETIME NOT NULL, 
	PRIMARY KEY (old_id)
);

CREATE TABLE choices (
	chat_id BIGINT NOT NULL, 
	person_id BIGINT NOT NULL, 
	station VARCHAR(64) NOT NULL, 
	PRIMARY KEY (chat_id, person_id)
);

CREATE TABLE closed_chats (
	chat_id BIGINT NOT NULL, 
	reason TEXT NOT NULL, 
	at DATETIME NOT NULL, 
	PRIMARY KEY (chat_id)
);

CREATE TABLE digests (
	station VARCHAR(64) NOT NULL, 
	chat_id BIGINT NOT NULL, 
	kind VARCHAR(8) NOT NULL, 
	thread_id BIGINT, 
	days JSON NOT NULL, 
	at VARCHAR(5) NOT NULL, 
	zone VARCHAR(64) NOT NULL, 
	by_id BIGINT NOT NULL, 
	by_name VARCHAR(128) NOT NULL, 
	done_on DATE NOT NULL, 
	failed BOOLEAN NOT NULL, 
	PRIMARY KEY (station, chat_id, kind)
);

CREATE TABLE former_usernames (
	username VARCHAR(64) NOT NULL, 
	person_id BIGINT NOT NULL, 
	PRIMARY KEY (username, person_id)
);

CREATE TABLE grants (
	station VARCHAR(64) NOT NULL, 
	subject_id BIGINT NOT NULL, 
	role VARCHAR(32) NOT NULL, 
	given_by_id BIGINT NOT NULL, 
	given_by_name VARCHAR(128) NOT NULL, 
	given_at DATETIME NOT NULL, 
	until DATETIME, 
	PRIMARY KEY (station, subject_id, role)
);

CREATE TABLE imports (
	id INTEGER NOT NULL, 
	station VARCHAR(64) NOT NULL, 
	person_id BIGINT NOT NULL, 
	state VARCHAR(12) NOT NULL, 
	rows JSON NOT NULL, 
	begun_at DATETIME NOT NULL, 
	touched_at DATETIME NOT NULL, crashes INTEGER DEFAULT '0' NOT NULL, 
	PRIMARY KEY (id)
);

CREATE TABLE "inbox" (
	update_id BIGINT NOT NULL, 
	payload JSON NOT NULL, 
	received_at DATETIME NOT NULL, 
	done_at DATETIME, 
	crashes INTEGER DEFAULT '0' NOT NULL, 
	begun BOOLEAN DEFAULT 1 NOT NULL, 
	PRIMARY KEY (update_id)
);

CREATE TABLE incident_events (
	id INTEGER NOT NULL, 
	incident_id INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	noted_at DATETIME NOT NULL, 
	what VARCHAR(24) NOT NULL, 
	facts JSON NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(incident_id) REFERENCES incidents (id)
);

CREATE TABLE incidents (
	id INTEGER NOT NULL, 
	station VARCHAR(64) NOT NULL, 
	subject VARCHAR(64) NOT NULL, 
	open_key VARCHAR(140), 
	kind VARCHAR(32) NOT NULL, 
	facts JSON NOT NULL, 
	began_at DATETIME NOT NULL, 
	opened_at DATETIME NOT NULL, 
	acknowledged_at DATETIME, 
	acknowledged_by VARCHAR(128), 
	acknowledged_by_id BIGINT, 
	ended_at DATETIME, 
	end_reason VARCHAR(32), step INTEGER DEFAULT '0' NOT NULL, due_at DATETIME, warn_at DATETIME, held_by VARCHAR(48) DEFAULT '' NOT NULL, version INTEGER DEFAULT '0' NOT NULL, number INTEGER NOT NULL DEFAULT 0, 
	PRIMARY KEY (id), 
	UNIQUE (open_key)
);

CREATE TABLE kept (
	id VARCHAR(24) NOT NULL, 
	payload JSON NOT NULL, 
	expires_at DATETIME NOT NULL, 
	PRIMARY KEY (id)
);

CREATE TABLE keyboards (
	id VARCHAR(24) NOT NULL, 
	chat_id BIGINT NOT NULL, 
	rows JSON NOT NULL, 
	asker_id BIGINT, 
	single_use BOOLEAN NOT NULL, 
	created_at DATETIME NOT NULL, 
	expires_at DATETIME, 
	used_at DATETIME, station VARCHAR(64) DEFAULT '' NOT NULL, message_id BIGINT, said JSON, 
	PRIMARY KEY (id)
);

CREATE TABLE menus (
	scope VARCHAR(64) NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	refused TEXT, 
	PRIMARY KEY (scope)
);

CREATE TABLE met_at (
	station VARCHAR(64) NOT NULL, 
	id BIGINT NOT NULL, 
	PRIMARY KEY (station, id)
);

CREATE TABLE "missed_cards" (
	id INTEGER NOT NULL, 
	station VARCHAR(64) NOT NULL, 
	chat_id BIGINT NOT NULL, 
	caller VARCHAR(16) NOT NULL, 
	calls JSON NOT NULL, 
	message INTEGER, 
	opened_at DATETIME NOT NULL, 
	claimed_by VARCHAR(128), 
	claimed_at DATETIME, 
	outcome VARCHAR(16), 
	closed_by VARCHAR(128), 
	"after" INTEGER, 
	closed_at DATETIME, 
	told_at DATETIME, 
	waits_since DATETIME, 
	reminded_at DATETIME, 
	claimed_by_id BIGINT, 
	can_call BOOLEAN DEFAULT 0 NOT NULL, 
	rings VARCHAR(32), 
	called_at DATETIME, 
	PRIMARY KEY (id), 
	FOREIGN KEY(message) REFERENCES outbox (id)
);

CREATE TABLE missed_gatherings (
	id INTEGER NOT NULL, 
	station VARCHAR(64) NOT NULL, 
	chat_id BIGINT NOT NULL, 
	cause VARCHAR(16) NOT NULL, 
	callers JSON NOT NULL, 
	message INTEGER, 
	began_at DATETIME NOT NULL, 
	told_at DATETIME, 
	over_at DATETIME, 
	reminded_at DATETIME, 
	closed_at DATETIME, 
	PRIMARY KEY (id), 
	FOREIGN KEY(message) REFERENCES outbox (id)
);

CREATE TABLE "outbox" (
	id INTEGER NOT NULL, 
	action VARCHAR(8) NOT NULL, 
	chat_id BIGINT NOT NULL, 
	thread_id BIGINT, 
	about INTEGER, 
	template VARCHAR(64) NOT NULL, 
	facts JSON NOT NULL, 
	keyboard_id VARCHAR(24), 
	silent BOOLEAN NOT NULL, 
	state VARCHAR(12) NOT NULL, 
	attempts INTEGER NOT NULL, 
	created_at DATETIME NOT NULL, 
	not_before DATETIME NOT NULL, 
	possible_repeat BOOLEAN NOT NULL, 
	sent_at DATETIME, 
	message_id BIGINT, 
	error TEXT, 
	masked BOOLEAN DEFAULT 0 NOT NULL, 
	urgency INTEGER DEFAULT '2' NOT NULL, 
	refusals INTEGER DEFAULT '0' NOT NULL, 
	tried_at DATETIME, 
	fallback TEXT, crashes INTEGER DEFAULT '0' NOT NULL, html JSON, 
	PRIMARY KEY (id), 
	FOREIGN KEY(about) REFERENCES outbox (id), 
	FOREIGN KEY(keyboard_id) REFERENCES keyboards (id)
);

CREATE TABLE overrides (
	id INTEGER NOT NULL, 
	station VARCHAR(64) NOT NULL, 
	level INTEGER NOT NULL, 
	person_id BIGINT NOT NULL, 
	begins_at DATETIME NOT NULL, 
	ends_at DATETIME NOT NULL, 
	state VARCHAR(12) NOT NULL, 
	by_id BIGINT NOT NULL, 
	by_name VARCHAR(128) NOT NULL, 
	made_at DATETIME NOT NULL, 
	PRIMARY KEY (id)
);

CREATE TABLE pagers (
	person_id BIGINT NOT NULL, 
	reachable BOOLEAN, 
	checked_at DATETIME, 
	warned_at DATETIME, 
	quiet_from VARCHAR(5), 
	quiet_to VARCHAR(5), 
	PRIMARY KEY (person_id)
);

CREATE TABLE person_phones (
	station VARCHAR(64) NOT NULL, 
	person_id BIGINT NOT NULL, 
	phone VARCHAR(32) NOT NULL, 
	PRIMARY KEY (station, person_id)
);

CREATE TABLE questions (
	chat_id BIGINT NOT NULL, 
	person_id BIGINT NOT NULL, 
	message_id BIGINT NOT NULL, 
	answer VARCHAR(64) NOT NULL, 
	data JSON NOT NULL, 
	expires_at DATETIME NOT NULL, station VARCHAR(64) DEFAULT '' NOT NULL, said JSON, 
	PRIMARY KEY (chat_id, person_id)
);

CREATE TABLE rotations (
	station VARCHAR(64) NOT NULL, 
	level INTEGER NOT NULL, 
	people JSON NOT NULL, 
	shift JSON NOT NULL, 
	calendar JSON, 
	changed_at DATETIME NOT NULL, 
	changed_by VARCHAR(128) NOT NULL, source JSON, 
	PRIMARY KEY (station, level)
);

CREATE TABLE silences (
	id INTEGER NOT NULL, 
	station VARCHAR(64) NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	subject VARCHAR(64) NOT NULL, 
	name VARCHAR(128) NOT NULL, 
	reason VARCHAR(256) NOT NULL, 
	by_id BIGINT NOT NULL, 
	by_name VARCHAR(128) NOT NULL, 
	begins_at DATETIME NOT NULL, 
	until DATETIME, 
	repeats JSON, 
	ended_at DATETIME, 
	ended_by VARCHAR(128), number INTEGER NOT NULL DEFAULT 0, 
	PRIMARY KEY (id)
);

CREATE TABLE watch_states (
	station VARCHAR(64) NOT NULL, 
	subject VARCHAR(64) NOT NULL, 
	state JSON NOT NULL, 
	updated_at DATETIME NOT NULL, 
	PRIMARY KEY (station, subject)
);

CREATE TABLE watched_extensions (
	station VARCHAR(64) NOT NULL, 
	number VARCHAR(64) NOT NULL, 
	by_id BIGINT NOT NULL, 
	by_name VARCHAR(128) NOT NULL, 
	at DATETIME NOT NULL, 
	PRIMARY KEY (station, number)
);

CREATE INDEX audit_by_time ON audit (at);

CREATE INDEX audit_by_update ON audit (update_id);

CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is only ever added to'); END;

CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is only ever added to'); END;

CREATE TRIGGER audit_outcomes_no_delete BEFORE DELETE ON audit_outcomes BEGIN SELECT RAISE(ABORT, 'the audit is only ever added to'); END;

CREATE TRIGGER audit_outcomes_no_update BEFORE UPDATE ON audit_outcomes BEGIN SELECT RAISE(ABORT, 'the audit is only ever added to'); END;

CREATE INDEX bindings_by_station ON bindings (station);

CREATE INDEX cards_by_chat ON cards (chat_id, closed_at);

CREATE INDEX cards_by_incident ON card_incidents (incident_id);

CREATE INDEX cards_by_message ON cards (message);

CREATE INDEX events_by_incident ON incident_events (incident_id);

CREATE INDEX imports_by_state ON imports (station, state);

CREATE INDEX inbox_open ON inbox (done_at);

CREATE UNIQUE INDEX incidents_by_number ON incidents (station, number);

CREATE INDEX incidents_by_station ON incidents (station, began_at);

CREATE INDEX incidents_by_subject ON incidents (station, subject, began_at);

CREATE INDEX incidents_due ON incidents (due_at);

CREATE INDEX incidents_to_warn ON incidents (warn_at);

CREATE INDEX keyboards_by_age ON keyboards (created_at);

CREATE INDEX missed_cards_by_chat ON missed_cards (station, chat_id, closed_at);

CREATE INDEX missed_cards_by_message ON missed_cards (message);

CREATE INDEX missed_gatherings_by_chat ON missed_gatherings (station, chat_id, closed_at);

CREATE INDEX missed_gatherings_by_message ON missed_gatherings (message);

CREATE INDEX outbox_by_chat ON outbox (chat_id, tried_at);

CREATE INDEX outbox_by_keyboard ON outbox (keyboard_id);

CREATE INDEX outbox_by_original ON outbox (about);

CREATE INDEX outbox_due ON outbox (state, not_before);

CREATE INDEX outcomes_by_decision ON audit_outcomes (decision_id);

CREATE INDEX overrides_by_time ON overrides (station, ends_at);

CREATE INDEX requests_by_person ON access_requests (station, person_id);

CREATE UNIQUE INDEX silences_by_number ON silences (station, number);

CREATE INDEX silences_by_station ON silences (station, ended_at);


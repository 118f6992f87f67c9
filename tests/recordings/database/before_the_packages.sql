-- at 2026-11-29T06:16:11.271622+00:00
BEGIN TRANSACTION;
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
INSERT INTO "acquaintances" VALUES(1001,'Anna Ivanova','anna_ivanova');
INSERT INTO "acquaintances" VALUES(1003,'Vera Smirnova',NULL);
INSERT INTO "acquaintances" VALUES(1002,'Boris Petrov','boris_petrov');
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0011');
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
INSERT INTO "audit" VALUES(1,'2026-11-29 06:15:47.995072',500000001,1001,'Anna Ivanova',1001,'Head office','/mute','Mango for 20d','incidents.mute',1,'role admin');
INSERT INTO "audit" VALUES(2,'2026-11-29 06:15:55.100396',500000002,1001,'Anna Ivanova',1001,'Head office','/add_employee','','employees.write',1,'role admin');
INSERT INTO "audit" VALUES(3,'2026-11-29 06:15:57.944578',500000003,1003,'Vera Smirnova',1003,'Head office','/status','','status.read',1,'role viewer');
INSERT INTO "audit" VALUES(4,'2026-11-29 06:16:00.731571',500000004,1003,'Vera Smirnova',1003,'Head office','/trunks','','trunks.read',1,'role viewer');
INSERT INTO "audit" VALUES(5,'2026-11-29 06:16:05.320034',500000005,1003,'Vera Smirnova',1003,'Head office','status.view','view=all page=0','status.read',1,'role viewer');
INSERT INTO "audit" VALUES(6,'2026-11-29 06:16:08.254900',500000006,1002,'Boris Petrov',1002,'Head office','/mute','Branch for 20d','incidents.mute',1,'role operator');
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
INSERT INTO "audit_outcomes" VALUES(1,1,'2026-11-29 06:15:48.795978','muted SIP-TRUNK-C07C8D8E until 2026-12-19 06:15 UTC',NULL,NULL);
INSERT INTO "audit_outcomes" VALUES(2,2,'2026-11-29 06:15:57.169553','step by step',NULL,NULL);
INSERT INTO "audit_outcomes" VALUES(3,3,'2026-11-29 06:15:59.917175','answered',NULL,NULL);
INSERT INTO "audit_outcomes" VALUES(4,4,'2026-11-29 06:16:04.596919','answered',NULL,NULL);
INSERT INTO "audit_outcomes" VALUES(5,6,'2026-11-29 06:16:09.067477','muted IAX-TRUNK-5D1E9A27 until 2026-12-19 06:16 UTC',NULL,NULL);
CREATE TABLE bindings (
	chat_id BIGINT NOT NULL, 
	station VARCHAR(64) NOT NULL, 
	alerts BOOLEAN NOT NULL, 
	by_id BIGINT NOT NULL, 
	by_name VARCHAR(128) NOT NULL, 
	at DATETIME NOT NULL, 
	PRIMARY KEY (chat_id, station)
);
CREATE TABLE card_incidents (
	card_id INTEGER NOT NULL, 
	incident_id INTEGER NOT NULL, 
	PRIMARY KEY (card_id, incident_id), 
	FOREIGN KEY(card_id) REFERENCES cards (id), 
	FOREIGN KEY(incident_id) REFERENCES incidents (id)
);
INSERT INTO "card_incidents" VALUES(1,1);
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
INSERT INTO "cards" VALUES(1,'Head office',1001,NULL,1,'2026-11-29 06:15:51.816914','2026-11-29 06:15:51.816914',1,NULL);
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
CREATE TABLE former_usernames (
	username VARCHAR(64) NOT NULL, 
	person_id BIGINT NOT NULL, 
	PRIMARY KEY (username, person_id)
);
INSERT INTO "former_usernames" VALUES('anna_ivanova',1001);
INSERT INTO "former_usernames" VALUES('boris_petrov',1002);
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
INSERT INTO "inbox" VALUES(500000001,'{}','2026-11-29 06:15:46.966510','2026-11-29 06:15:50.039994',0,1);
INSERT INTO "inbox" VALUES(500000002,'{}','2026-11-29 06:15:54.642347','2026-11-29 06:15:57.652185',0,1);
INSERT INTO "inbox" VALUES(500000003,'{}','2026-11-29 06:15:56.933964','2026-11-29 06:16:00.393154',0,1);
INSERT INTO "inbox" VALUES(500000004,'{}','2026-11-29 06:16:00.452684','2026-11-29 06:16:04.819550',0,1);
INSERT INTO "inbox" VALUES(500000005,'"sealed:1:J8RJse/U3ry6JfFu6FWXwxOeAP9YU+LJdsXs5TNZSV6LwEoCVa8+VjjtffVSAR20cWVXNpRxxaE2sXcZWMqG+GIGTm34l9JgBRmMj95iUof5+1JthAYmpvpF4N+E6TUpuxcEdoCRFj6+HlOTiQtYLlBcGYWxlRjShIW7i+Q1eINAZPeLH7Ik+MVGB+FH0PcAqtH3bOtf4iq3vcIs9XW79PKxBmc2HG2xQzsTFAWzWR9jOGmJVwDnc7AbodZTPdGHxXiIwpDlCAnT21+mH7aNusWkXMiY78gERy5ZTU8SEz9so68Nz+kb734ksQ9U/JJtCEP6JqN8lFXca3d+u/qo2H+pwzxerraJ72r99qcTA8kt05QHMvy/G6Q3UUjKoZm/Jo0hqOZ64/qCme+ex8jjLgVr3Pzm5Ir8oXAehQ3SDrsfOcKU2jo9CPGa39DoW+QbjaCjxFSqqt1X6ZK0SG7TEewOAKeTE711qjHwjsag+PGJNmZ/ajlWjDL8vfb/j6ZrZqNrCjqkIaxgRdM+MwCIF+aWPnrkn6aGkIdPqTuVlyKcaoWurns87/GxL/W//SudGHa3JlpXQzCcYsGwauQfbkZw/jJAFn3LfaIkFrX8nJdV9HZdoe1uZJovPkx5TPzOU4xRHaY6LCUq0n2GuzcJxH9/WxrQB+LrQjuvnStO2aiJzwXCnK6f6ya/aDoPm/69f+sX/9cpc/3g3ntaKUDCvFswciNkN0CT9P509KlYDhK4un7tG0i2mDucdw9nZJCpZmv+GpPuDnbd5hCK+Y3Bz+7/OU1I6ySkWS/lC2KPDPSMVzaPp8hlAeMH3NVx1RKUq9s5akkuuR+V4X8zlCohJtLV9L8qt0oiGTiKNmivEjyDyHLjnxE20tuHRxfD7rjBh5AfDmd6fl8BfiGYLc1GFqZwhNg4gzbKKBVNpkhTKcc0uis0dsTQ5CAdivv/kXUygb45rszYADMCY+XsApNNqTRsudML0MEVTaE/GpHrmdBvK7Yv3oB+YBrLuu4qA2wq1ZJ9TwnP8+aunmpw2dK5lDSNq68R6oCaaCwZ6YZLIoMyosnMJg9gldb5IQm17TqDoERTwbwiUBUm/HfUSu/k59CSB0jmfKW+juPdRFYgI6fT2Pafd927ieiLVk17+x0aazLcDe0A7+kpxnGBYmQx49x3KKTbBE78YoMzreOrofahN6wYi+s+5rr7+3dDUGTMkh9i2c4PTo+regxGepz//HGxE65/M7/gPX/mUDWKf6lhX+zsapwi6Wu0k5n1uZueXn8nsiJEX1QlTtTJq14LtckcQECSWFNYvdMcD8ID+qAanulYU5Jn/ntTFE6qotgBkxCVi6fDytl3xshc7cUlPwV/u4C5tAPFsdDKYuEoE3CLrlbRay9ZtP+L4eqGhCz6Ra1RZzo6hfduWbeRB6cNulQwHTxY5Mh8GJQnRpvCBrH6wgCjnat7PtVdKiIqDGvDaX/zG8+MkTmWGtBo9ISz08LZlJ911cfgj8iHpYwpU6G5UR2zQgpCwaUSGwZzOCFpFChvQeoiAUNxLZT1SAqWWDnHZ9j89kiDB6K5D1fp4u1eYwUv+LPQ3RRYccvjYVi9KDJ4qWxD/yI7dfNo6GS5Uv+l3+roREGaKYxJ8n/5ntoTbGqhyNBJnVqSK9HCTSjYK9VOitf6MquDGHO6poBwbiPlUPhQKGr94zri/P0mYMB7f9vV9HJFfUKB8p7XxmH4Ie5kkp4pycwIrVi8tn44DEawTzlah5fzz3BQOrrXSGy9tPo8UUd3pJUprNkFut9N3TFgNuJ8ohhyq39eAiHkfeaCBhElV9GIP6bKhdCg7ke6wKVOMRWlr4kbesQ+d6hp971zmLt0+z7HRlJc/43kWftExT1L4XubvIeaCXG0RU4TEE9EucNijfX2hSJaNjtyMxIVhgYRttNxeTA48ZP6P6LLaLzUlo56tBUSRsxIHJA62M1YvvxWsaMuOvOY7wMjddFT8FMDVmCGhwYidebdTeMPXD3CsXfkWUV+SY7RmTBUDxNb9Q9w8Bxq7/G++59YqDsxrgkr+ZIMC0TkCR0DoulgkYw/ezSOq+wSvUWcfZktz5zGp7PKC8sgs17j2wuhlEeIMTaf+ctM0Zl5GzW/A5HCPmLcPsPwadiGWbhtZk1IDz3Doj9tFOM8S3D7d8DvWFR2LZZAhnJI8Cmpo/dAYLFb3IBruW4/eaNFs75vuLcZ6yAou2Y3uaEmtaAdRacROGLkzJ/mggjrQ+0ffC+R5ABPGJ2oYKxj84z3iQ7uKaJ7CFj9uCOLotVoisea0dk6eG/anV733eQ6HcZiw7bf2IFh7ugqyVA="','2026-11-29 06:16:05.154640',NULL,0,1);
INSERT INTO "inbox" VALUES(500000006,'"sealed:1:uiOrFpqeGZSLXcC3h+MzjrdBg2brphBO09FMV2aMjsQ1twkQ4LeXafk1NQryyeawtJNU3MFZ2/DDy00409Rdylrjvb1z2uaMewWL6DHMn2eJwJdp+EzHR8PX4E6gSPF+LQ8eKVMqk8AtlPeqNKwJr1lyqNAssjvDNpHrkzp/oXnnQE3X/2l/7Hpv6vAryhP7F2j1DmdxEayxqqjYxZ534musyHDFSPgF3aox+PRksA2xhUcbUSzrlECJiieywIHh6Y2cicu2GvEl2YKA2j0pgcS37GuTgOBRgDgjdpVe96fChfWFiG3doBZolKc3EDDh3O30/oWvFB7qwWFUAroIzqHUmWnOTvGZGv2605yVGmBGNqW/Tk75nrx/ZUuhiFLf6mRzMfzKsCdWkwb0FUv7tPJfmSV5lQ+jkspmUZAG4ZLBvVlDDkUwoDpovtJtbgHDvG0u7riLVjkUR+TvLCICnOZdY7jsG0n3oo9tWgLb8DHSPhy3HqTu5tgm62U0Egl8Hm/19+a9U3vfkUBHRQtoQY/4g7A0S/xvA0iT"','2026-11-29 06:16:07.915992',NULL,0,1);
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
INSERT INTO "incident_events" VALUES(1,1,'2026-11-29 06:15:49.000000','2026-11-29 06:15:51.816914','opened','{"kind": "trunk_down", "cause": "no_answer"}');
INSERT INTO "incident_events" VALUES(2,1,'2026-11-29 06:15:51.816914','2026-11-29 06:15:51.816914','told','{"step": 1, "chat": 1001, "thread": null, "person": "", "loud": true, "card": 1, "message": 1}');
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
INSERT INTO "incidents" VALUES(1,'Head office','SIP-TRUNK-44BBC135','Head office|SIP-TRUNK-44BBC135','trunk_down','{"trunk": "Zadarma", "host": "sip.zadarma.com", "type": "sip", "contact": "", "state": "rejected", "cause": "no_answer", "registering_again": false, "up_since": "2026-11-24T00:22:42+00:00", "bad_since": "2026-11-29T06:15:49+00:00", "gives_up_at": "2026-11-29T08:45:49+00:00", "flaps": 0, "flapping_since": null, "downtime": 0, "loses_calls": null, "detour": [], "banned_until": null, "remaining": 3, "of": 4, "step_due": "2026-11-29T06:25:51.816914+00:00", "next_at": "2026-11-29T06:25:51.816914+00:00", "asked": [], "asked_ids": [], "paged_ids": [], "lost_ids": [], "unreachable": [], "handed_id": null, "handed_to": null, "handed_by": null}','2026-11-29 06:15:49.000000','2026-11-29 06:15:51.816914',NULL,NULL,NULL,NULL,NULL,1,'2026-11-29 06:25:51.816914','2026-11-29 08:30:49.000000','',0,1);
CREATE TABLE kept (
	id VARCHAR(24) NOT NULL, 
	payload JSON NOT NULL, 
	expires_at DATETIME NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "kept" VALUES('deed 500000006','"sealed:1:ZSM5LYzYAcE6lE2sO1XErupZoO+/5Ujy4PAO5QHaHNT9o3pFkSvlBta7F1RyvB80wjz2DZjKit2f4PSrtNUBLb2QW+9oaT1jXZC7YKcDDEpffZtm0NaldXdLvGw6aWiF/BJ81i7atBqKaCP8Ly3H0bSMllI2WclXUMgk+W+RXwV4aw8dBBkLXyyjS3igjTwqdjt0YQQ20FcPnRh2p6Dwo1jpO7oQua3iqs2fRrylK6E9FsgkgVCpf3mjrhioM+K0zmN7hA4TLumOb8zIeyEdsVbn1KZJTIdQ5XSTPuCdDwT9Pl7YUOgbQjnW6cycF2+oYCAcWx0zxMQ3w/YgUx49IyiHe3vTUNEbzppdkJj3lt83AjGlr8Pur8tupFst/6if+Rm/PAXYuzP4cZEFYytSY0cCoROWUdh0XMvnwa9QpkXGR9m1JzTtWcZUE89VgmxkAuXbPq13Vqo2SaMv4Nq6jOohrm3AASvz9Y6GjlJ5R4pVfuJ18rJ7Uj2oTNVbx0R6MWZktkp91A9o7aGlcp0mEadVXF6E5ZkFR9X+iX+MfuBqf711YbAfNMi1ixmhfGRJQcyM9zr7F1IaxIAR5e+95xNbnrktQ7kNzbEx6dfc/D9rv1r+jZmSwM5PVKZIYbmVr1Kl9a0aPP6Ni4qDGl6mPvK+wGAEw5/mH8VuXvmKFOnFPKoi2gjwiEdJ191eAG0RxS9NUthH3kX+q865ycQRQpXTswUmDXX7mQRwh27bj4ihbQTX57Qg5NtS8rMgMHPfsAMZOomLWEzf7OYvpkL6egF49/NreWg0N+Vs9YCbjpd3eX2ifQbzU2OhL4ihJlk5GJBd2bNSgfpEIZ52PB8R2IncDZLCPz3wD5DbtkhhUv8Af9zoNYniheEsSbtngW4i3mWgExFORCN70d9d4fQXljqZbfOyzHsjyGGWbrFfI9UOS1zXzlIXLlQBi51pRUcBo9Cbgx/FhsoWuPhUHeTzLRNMbJZZEaePYqOk837A0LkTKfYmQoOO2Ej2PLlAVrTdHT3m3WJ+HzuxTdVXjNPGq/ZFKliNpHZIHxAYbLFLeZvSrVxglnjltQ=="','2026-12-01 06:16:09.072786');
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
INSERT INTO "keyboards" VALUES('xkAYxcAeiBPD4l3q',1001,'[[{"label": "\ud83d\udd14 Unmute", "action": "mute.end", "data": {"silence": 1}}]]',NULL,0,'2026-11-29 06:15:49.181458','2026-12-01 06:15:49.181458',NULL,'Head office',2,NULL);
INSERT INTO "keyboards" VALUES('g_dB7FK_QrhmRZWQ',1001,'[[{"label": "\u2705 I''m on it", "action": "incident.take", "data": {"incident": 1}}, {"label": "\ud83d\udd15 Mute", "action": "incident.mute", "data": {"incident": 1}}], [{"label": "\ud83d\udd0d Details", "action": "incident.details", "data": {"incident": 1}}, {"label": "\ud83d\udd0e Check now", "action": "trunk.check", "data": {"id": "SIP-TRUNK-44BBC135", "beside": true}}, {"label": "\u267b\ufe0f Re-register", "action": "trunk.reregister", "data": {"id": "SIP-TRUNK-44BBC135"}}]]',NULL,0,'2026-11-29 06:15:51.816914',NULL,NULL,'Head office',3,NULL);
INSERT INTO "keyboards" VALUES('TRp-r-GTIPDGsHc0',1001,'[[{"label": "213", "action": "employee_step.choose", "data": {"key": "number", "said": {}, "value": "213"}}], [{"label": "Cancel", "action": "employee_step.cancel", "data": {}}]]',NULL,0,'2026-11-29 06:15:55.933047','2026-12-01 06:15:55.933047',NULL,'Head office',5,NULL);
INSERT INTO "keyboards" VALUES('0g3laFcUUXNs_CUY',1003,'[[{"label": "\u21bb Refresh", "action": "status.view", "data": {"view": "all", "page": 0}}, {"label": "Offline only", "action": "status.view", "data": {"view": "offline", "page": 0}}], [{"label": "Trunks", "action": "status.view", "data": {"view": "trunks", "page": 0}}, {"label": "Extensions", "action": "status.view", "data": {"view": "extensions", "page": 0}}]]',NULL,0,'2026-11-29 06:15:59.299048','2026-12-01 06:15:59.299048',NULL,'Head office',7,NULL);
INSERT INTO "keyboards" VALUES('t-D-2cVLzqfQmovF',1003,'[[{"label": "1", "action": "trunk.card", "data": {"id": "SIP-TRUNK-44BBC135", "page": 0}}, {"label": "2", "action": "trunk.card", "data": {"id": "IAX-TRUNK-5D1E9A27", "page": 0}}, {"label": "3", "action": "trunk.card", "data": {"id": "SIP-TRUNK-8DAFEDB5", "page": 0}}, {"label": "4", "action": "trunk.card", "data": {"id": "SIP-TRUNK-C07C8D8E", "page": 0}}, {"label": "5", "action": "trunk.card", "data": {"id": "SIP-TRUNK-8F96BC91", "page": 0}}], [{"label": "\u21bb Refresh", "action": "trunks.show", "data": {"page": 0}}]]',NULL,0,'2026-11-29 06:16:01.229722','2026-12-01 06:16:01.229722',NULL,'Head office',NULL,NULL);
INSERT INTO "keyboards" VALUES('cao4pogqmNw8COj8',1002,'[[{"label": "\ud83d\udd14 Unmute", "action": "mute.end", "data": {"silence": 2}}]]',NULL,0,'2026-11-29 06:16:09.455868','2026-12-01 06:16:09.455868',NULL,'Head office',NULL,NULL);
CREATE TABLE menus (
	scope VARCHAR(64) NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	refused TEXT, 
	PRIMARY KEY (scope)
);
INSERT INTO "menus" VALUES('1234567890 all_private_chats','2d4eec3f9f156f2bd65db384685db5f0f1f7e4fb00163548e3991da578d3f76c',NULL);
INSERT INTO "menus" VALUES('1234567890 all_group_chats','4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945',NULL);
INSERT INTO "menus" VALUES('1234567890 chat 1001','1cf510774fe72aa21a2b6071204452a2c7ec7fd01aa55e197fd68c22cbeba7a7',NULL);
INSERT INTO "menus" VALUES('1234567890 chat 1002','6ccfda0de06ed15164da2c5ed533256390555565bdf08a797e3576689a4fa1bc','Forbidden: bot can''t initiate conversation with a user');
INSERT INTO "menus" VALUES('1234567890 chat 1003','e02b28af33d560ebf279e77a6947b15213c61063bf03580769f6e560a5284a2e',NULL);
CREATE TABLE met_at (
	station VARCHAR(64) NOT NULL, 
	id BIGINT NOT NULL, 
	PRIMARY KEY (station, id)
);
INSERT INTO "met_at" VALUES('Head office',1001);
INSERT INTO "met_at" VALUES('Head office',1003);
INSERT INTO "met_at" VALUES('Head office',1002);
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
	FOREIGN KEY(keyboard_id) REFERENCES keyboards (id), 
	FOREIGN KEY(about) REFERENCES outbox (id)
);
INSERT INTO "outbox" VALUES(1,'send',1001,NULL,NULL,'alert','{"station": "Head office", "told_at": null, "again": false, "superseded": false, "incidents": [{"trunk": "Zadarma", "host": "sip.zadarma.com", "type": "sip", "state": "rejected", "cause": "no_answer", "up_since": "2026-11-24T00:22:42+00:00", "bad_since": "2026-11-29T06:15:49+00:00", "gives_up_at": "2026-11-29T08:45:49+00:00", "loses_calls": null, "detour": [], "banned_until": null, "flapping_since": null, "calls_out_pending": null, "registering_again": false, "contact": "", "trouble": null, "row": null, "extension": null, "name": null, "off_by": null, "since": null, "stations": null, "asked": [], "unreachable": [], "next_at": "2026-11-29T06:25:51.816914+00:00", "hold": null, "handed_to": null, "handed_by": null, "flaps": 0, "downtime": 0, "remaining": 3, "of": 4, "hit": 0, "trunks": 0, "step_due": "2026-11-29T06:25:51.816914+00:00", "asked_ids": [], "paged_ids": [], "lost_ids": [], "handed_id": null, "number": 1, "station": "Head office", "kind": "trunk_down", "began_at": "2026-11-29T06:15:49+00:00", "opened_at": "2026-11-29T06:15:51.816914+00:00", "taken_by": null, "taken_at": null, "ended_at": null, "end_reason": null, "held_by": ""}]}','g_dB7FK_QrhmRZWQ',0,'sent',1,'2026-11-29 06:15:51.816914','2026-11-29 06:15:51.816914',0,'2026-11-29 06:15:54.301224',3,NULL,0,0,0,'2026-11-29 06:15:53.614923',NULL,0,NULL);
INSERT INTO "outbox" VALUES(2,'send',1003,NULL,NULL,'rendered','{"station": "Head office"}','t-D-2cVLzqfQmovF',0,'sending',2,'2026-11-29 06:16:04.311494','2026-11-29 06:16:07.603725',0,NULL,NULL,'Internal Server Error',0,2,0,'2026-11-29 06:16:08.590399',NULL,0,'"sealed:1:cBzLO+ssaC5fPa/YHuoY5veIG4d5lF7SvkmH2lrBIu0XKPT/LjchJDO5io9leS+RqKSYyQAOB+Li/3tCOGfq2j3NPhMIWKKSYfwOBWu83sc1uthwmxizuCZ4yD2ApGTSCskfKva0jdRugnTnQ8ZbyAK3HuBcUEhuNgacd4w/cv3y0GkZZkVtOgm98jjayd4GzIhLEugDycAD4fSnFNJ7MVs++TThTJMOHLbWFt1Z8hd7Ez0HyCxpozdg5jbubkX4+LYY2dqorJe4GsOb0BWCqKpU44fMTWtZCgVqPDoRTZhm10cAO6NOzzQCgJLR3lsSa2g9Bu/D6USbiXSKfu/k0XHPMOnTZgPukqk9s2j0msAttVg39+dt0dC6TvdsY4x//8yhOQt6VsU6UTaHLxoZARTKqdFtL+0gYYrlt+XZwtK2f2723xn3WcPzBQRakwzLAQGu9BjfX0kNaPPmXObkw/Lj0SIaqmXaGeTb4TURcrx76oRtPKJbF1Xf2L0iLsmn9kN+RlaaVf9PwydZY+0lvECqb2/S3Uww4IRgMgwL+ZoBWXo+xtWf2h/LLA8d9utPo6mVV+dLxMw0UXiPBOmtO5yjSqBoa/01DeUJr4Y7Iw34L0TlVG61yN5hUtZaHAld5dqfbl+4JsxY8nlh1B3vpLMZkmCOzA0ZBpBgzbQFmdwBGt0efYuCsi9C3Djzy9/LUByNmViZxxeJlfs5wbn2xiwUJ3c2kQDgj1esnffPqet0w0spPSfYF8V/vy8SiVPVuTsun3M2kCv27+PR6aUPv6vqa2LIWymFQD/49TlNylFhj41huAv1ABUGRpOomrg8vzKOHdlI9H+G5XO2RMjFKt0R/66I9VdVwEGoLgmrwMV+xZ4HIcFf86PBUqK26+PcDBUuX4feMi0iKKsfxjipv4Uz7doU6/EU3+foL8GKbj7s94t6mFMg6Ymw0axGrO/RbDa4aTMKN98aEMze4OluD48Xjq9gTbiYZvThBI0HTA=="');
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
CREATE TABLE questions (
	chat_id BIGINT NOT NULL, 
	person_id BIGINT NOT NULL, 
	message_id BIGINT NOT NULL, 
	answer VARCHAR(64) NOT NULL, 
	data JSON NOT NULL, 
	expires_at DATETIME NOT NULL, station VARCHAR(64) DEFAULT '' NOT NULL, said JSON, 
	PRIMARY KEY (chat_id, person_id)
);
INSERT INTO "questions" VALUES(1001,1001,5,'employee_step.answer','"sealed:1:ylbI3rygMMPKGidFdRsK0RZYjGtq6AedkbaikkaLfZNDDpbU0SMjF/iXHKU67GYQJfHRvtA3"','2026-11-29 06:30:56.622859','Head office',NULL);
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
INSERT INTO "silences" VALUES(1,'Head office','mute','SIP-TRUNK-C07C8D8E','Mango Office','',1001,'Anna Ivanova','2026-11-29 06:15:48.380767','2026-12-19 06:15:48.380767',NULL,NULL,NULL,1);
INSERT INTO "silences" VALUES(2,'Head office','mute','IAX-TRUNK-5D1E9A27','Branch IAX','',1002,'Boris Petrov','2026-11-29 06:16:08.757530','2026-12-19 06:16:08.757530',NULL,NULL,NULL,2);
CREATE TABLE watch_states (
	station VARCHAR(64) NOT NULL, 
	subject VARCHAR(64) NOT NULL, 
	state JSON NOT NULL, 
	updated_at DATETIME NOT NULL, 
	PRIMARY KEY (station, subject)
);
INSERT INTO "watch_states" VALUES('Head office','SIP-TRUNK-44BBC135','{"name": "Zadarma", "host": "sip.zadarma.com", "type": "sip", "state": "rejected", "health": "down", "cause": "no_answer", "since": "2026-11-29T06:15:49Z", "looks": 2, "measured_at": "2026-11-29T06:15:51Z", "settled": "down", "bad_since": "2026-11-29T06:15:49Z", "alarm": "trunk_down", "missing": 0, "up_since": "2026-11-24T00:22:42Z", "drops": [{"began": "2026-11-29T06:15:49Z", "seconds": 0.0}], "flapping_since": null, "flaps": 0, "downtime": 0.0, "was_silent": true, "heard_since": null, "was_cut_off": false, "reached_since": null, "returning": false, "registering_again": false, "detour": {"loses_calls": null, "trunks": []}, "no_detour_since": null, "banned_until": null}','2026-11-29 06:15:51.816914');
INSERT INTO "watch_states" VALUES('Head office','SIP-TRUNK-C07C8D8E','{"name": "Mango Office", "host": "vpbx400.mangosip.ru", "type": "sip", "state": "registered", "health": "up", "cause": "unknown", "since": "2026-11-20T09:29:16Z", "looks": 2, "measured_at": "2026-11-29T06:15:45Z", "settled": "up", "bad_since": null, "alarm": null, "missing": 0, "up_since": "2026-11-20T09:29:16Z", "drops": [], "flapping_since": null, "flaps": 0, "downtime": 0.0, "was_silent": false, "heard_since": null, "was_cut_off": false, "reached_since": null, "returning": false, "registering_again": false, "detour": {"loses_calls": null, "trunks": []}, "no_detour_since": null, "banned_until": null}','2026-11-29 06:15:46.012169');
INSERT INTO "watch_states" VALUES('Head office','SIP-TRUNK-8DAFEDB5','{"name": "Doorphone gateway", "host": "192.168.1.60", "type": "sip", "state": "OK", "health": "up", "cause": "unknown", "since": "2026-11-21T15:04:35Z", "looks": 2, "measured_at": "2026-11-29T06:15:45Z", "settled": "up", "bad_since": null, "alarm": null, "missing": 0, "up_since": "2026-11-21T15:04:35Z", "drops": [], "flapping_since": null, "flaps": 0, "downtime": 0.0, "was_silent": false, "heard_since": null, "was_cut_off": false, "reached_since": null, "returning": false, "registering_again": false, "detour": {"loses_calls": null, "trunks": []}, "no_detour_since": null, "banned_until": null}','2026-11-29 06:15:46.012169');
INSERT INTO "watch_states" VALUES('Head office','SIP-TRUNK-8F96BC91','{"name": "Old provider", "host": "sip.old.example", "type": "sip", "state": "OFF", "health": "off", "cause": "unknown", "since": "2026-11-09T06:11:03Z", "looks": 2, "measured_at": "2026-11-29T06:15:45Z", "settled": "off", "bad_since": null, "alarm": null, "missing": 0, "up_since": null, "drops": [], "flapping_since": null, "flaps": 0, "downtime": 0.0, "was_silent": false, "heard_since": null, "was_cut_off": false, "reached_since": null, "returning": false, "registering_again": false, "detour": {"loses_calls": null, "trunks": []}, "no_detour_since": null, "banned_until": null}','2026-11-29 06:15:46.012169');
INSERT INTO "watch_states" VALUES('Head office','IAX-TRUNK-5D1E9A27','{"name": "Branch IAX", "host": "203.0.113.40", "type": "iax", "state": "registered", "health": "up", "cause": "unknown", "since": "2026-11-24T06:26:58Z", "looks": 2, "measured_at": "2026-11-29T06:15:45Z", "settled": "up", "bad_since": null, "alarm": null, "missing": 0, "up_since": "2026-11-24T06:26:58Z", "drops": [], "flapping_since": null, "flaps": 0, "downtime": 0.0, "was_silent": false, "heard_since": null, "was_cut_off": false, "reached_since": null, "returning": false, "registering_again": false, "detour": {"loses_calls": null, "trunks": []}, "no_detour_since": null, "banned_until": null}','2026-11-29 06:15:46.012169');
INSERT INTO "watch_states" VALUES('Head office','','{"trouble": null, "row": "", "since": null, "looks": 0, "alarm": false, "judge_from": null, "seen_at": "2026-11-29T06:15:51.816914Z", "looked_at": "2026-11-29T06:15:51.816914Z", "stale_since": null, "dialect": "2026.3.40"}','2026-11-29 06:15:51.816914');
CREATE TABLE watched_extensions (
	station VARCHAR(64) NOT NULL, 
	number VARCHAR(64) NOT NULL, 
	by_id BIGINT NOT NULL, 
	by_name VARCHAR(128) NOT NULL, 
	at DATETIME NOT NULL, 
	PRIMARY KEY (station, number)
);
CREATE INDEX incidents_by_station ON incidents (station, began_at);
CREATE INDEX keyboards_by_age ON keyboards (created_at);
CREATE INDEX imports_by_state ON imports (station, state);
CREATE INDEX requests_by_person ON access_requests (station, person_id);
CREATE INDEX outcomes_by_decision ON audit_outcomes (decision_id);
CREATE INDEX audit_by_time ON audit (at);
CREATE INDEX audit_by_update ON audit (update_id);
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is only ever added to'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is only ever added to'); END;
CREATE TRIGGER audit_outcomes_no_update BEFORE UPDATE ON audit_outcomes BEGIN SELECT RAISE(ABORT, 'the audit is only ever added to'); END;
CREATE TRIGGER audit_outcomes_no_delete BEFORE DELETE ON audit_outcomes BEGIN SELECT RAISE(ABORT, 'the audit is only ever added to'); END;
CREATE INDEX incidents_by_subject ON incidents (station, subject, began_at);
CREATE INDEX incidents_due ON incidents (due_at);
CREATE INDEX incidents_to_warn ON incidents (warn_at);
CREATE INDEX events_by_incident ON incident_events (incident_id);
CREATE INDEX cards_by_chat ON cards (chat_id, closed_at);
CREATE INDEX cards_by_incident ON card_incidents (incident_id);
CREATE INDEX silences_by_station ON silences (station, ended_at);
CREATE INDEX overrides_by_time ON overrides (station, ends_at);
CREATE INDEX outbox_by_original ON outbox (about);
CREATE INDEX outbox_due ON outbox (state, not_before);
CREATE INDEX outbox_by_chat ON outbox (chat_id, tried_at);
CREATE INDEX outbox_by_keyboard ON outbox (keyboard_id);
CREATE INDEX cards_by_message ON cards (message);
CREATE INDEX bindings_by_station ON bindings (station);
CREATE INDEX inbox_open ON inbox (done_at);
CREATE UNIQUE INDEX incidents_by_number ON incidents (station, number);
CREATE UNIQUE INDEX silences_by_number ON silences (station, number);
COMMIT;

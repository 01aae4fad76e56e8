-- Junctions, with and without columns of their own, and two references to one table.
CREATE TABLE student (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT UNIQUE);
CREATE TABLE course (code TEXT PRIMARY KEY, title TEXT);
CREATE TABLE enrolment (student_id INTEGER REFERENCES student ON DELETE CASCADE, course_code TEXT REFERENCES course, grade INTEGER,
  PRIMARY KEY (student_id, course_code));
CREATE TABLE game (id INTEGER PRIMARY KEY, home INTEGER NOT NULL REFERENCES student (id), away INTEGER NOT NULL REFERENCES student (id), score TEXT);
CREATE TABLE profile (student_id INTEGER PRIMARY KEY REFERENCES student, bio TEXT);
INSERT INTO student VALUES (1, 'Ada', 'Ada@example.org'), (2, 'Bo', NULL), (3, 'Cy', 'cy@example.org');
INSERT INTO course VALUES ('M 1', 'algebra'), ('M#2', 'topology'), ('M!', 'logic');
INSERT INTO enrolment VALUES (1, 'M 1', 1), (1, 'M#2', NULL), (2, 'M 1', 3), (1, 'M!', 2);
INSERT INTO game VALUES (1, 1, 2, '1:0'), (2, 2, 1, '0:0'), (3, 1, 1, 'alone');
INSERT INTO profile VALUES (1, 'mathematician'), (3, NULL);

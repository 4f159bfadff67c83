use super::*;

const OLDER: &str = "older";
const NEWER: &str = "newer";
const DAMAGED: &[u8] = b"neither a database nor to be lost";

async fn put(folder: &Path, generation: &str) {
    let mut ready = ready(folder).await.unwrap();
    sqlx::query("INSERT OR REPLACE INTO setting VALUES ('generation', $1)")
        .bind(generation)
        .execute(&mut ready.connection)
        .await
        .unwrap();
    ready.connection.close().await.unwrap();
}

async fn generation(ready: &mut Ready) -> Option<String> {
    sqlx::query_scalar("SELECT value FROM setting WHERE key = 'generation'")
        .fetch_optional(&mut ready.connection)
        .await
        .unwrap()
}

fn now() -> i64 {
    unix_ms(SystemTime::now())
}

/// What a damaged file, its write-ahead log and its index are found as, by what follows the name.
fn set_aside(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if let Some(rest) = name.strip_prefix("ponte-damaged-") {
            let beside = rest.split_once(".db").unwrap().1;
            found.push((beside.to_owned(), fs::read(entry.path()).unwrap()));
        }
    }
    found.sort();
    found
}

/// What is done about a damaged file, step by step, as [`ready`] does it.
async fn step(folder: &Path, number: usize) {
    let plan = || read_plan(folder).unwrap().unwrap();
    match number {
        0 => fs::write(folder.join("ponte.db.recovery.part"), "{\"setA").unwrap(),
        1 => {
            condemn(folder).unwrap();
        }
        2..=4 => assert!(move_one(folder, &plan()).unwrap()),
        5 => assert!(!move_one(folder, &plan()).unwrap()),
        6 => remove(&folder.join(SUSPECT)).unwrap(),
        // The copy is cut off while it is written, and while it is migrated.
        7 => fs::write(folder.join(NEW), &DAMAGED[..5]).unwrap(),
        8 => fs::write(folder.join("ponte.db.new-journal"), DAMAGED).unwrap(),
        9 => assert!(restore(folder, now()).await.unwrap().is_some()),
        10 => {
            let backup_of = backup::list(folder, now()).unwrap().first().map(|b| b.at);
            let plan = Recovered {
                backup_of,
                ..plan()
            };
            write_plan(folder, &plan).unwrap();
        }
        11 => fs::rename(folder.join(NEW), folder.join(FILE)).unwrap(),
        12 => {
            let (connection, _) = open(folder, now()).await.unwrap();
            connection.close().await.unwrap();
        }
        13 => remove(&folder.join(PLAN)).unwrap(),
        _ => panic!("there is no such step"),
    }
}

#[tokio::test]
async fn stopped_after_any_step_the_next_start_goes_on() {
    for steps in 0..=14 {
        let folder = std::env::temp_dir().join(format!("ponte-steps-{}", uuid::Uuid::new_v4()));
        fs::create_dir_all(&folder).unwrap();
        put(&folder, OLDER).await;
        back_up(&folder, now()).await.unwrap();
        put(&folder, NEWER).await;
        fs::write(folder.join(FILE), DAMAGED).unwrap();
        fs::write(folder.join(SUSPECT), "").unwrap();
        let mut expected = vec![(String::new(), DAMAGED.to_vec())];
        if steps > 1 {
            // SQLite itself clears these away where it finds no database beside them.
            for suffix in ["-shm", "-wal"] {
                fs::write(folder.join(format!("{FILE}{suffix}")), suffix).unwrap();
                expected.push((suffix.to_owned(), suffix.as_bytes().to_vec()));
            }
        }
        for number in 0..steps {
            step(&folder, number).await;
        }
        let mut started = ready(&folder).await.unwrap();
        assert_eq!(
            generation(&mut started).await.as_deref(),
            Some(OLDER),
            "{steps}"
        );
        assert_eq!(set_aside(&folder), expected, "{steps}");
        // Told until the last step is done.
        assert_eq!(started.recovered.is_some(), steps < 14, "{steps}");
        if let Some(recovered) = started.recovered {
            let backup = backup::list(&folder, now()).unwrap().remove(0);
            assert_eq!(recovered.backup_of, Some(backup.at), "{steps}");
            assert!(folder.join(recovered.set_aside).exists());
        }
        started.connection.close().await.unwrap();
        for name in [SUSPECT, PLAN, NEW, "ponte.db.new-journal", "ponte.db-wal"] {
            assert!(!folder.join(name).exists(), "{steps}: {name}");
        }
        put(&folder, NEWER).await;
        assert_eq!(set_aside(&folder), expected, "{steps}");
        fs::remove_dir_all(folder).unwrap();
    }
}

#[tokio::test]
async fn killed_while_it_begins_empty_it_begins_empty_again() {
    let folder = std::env::temp_dir().join(format!("ponte-empty-{}", uuid::Uuid::new_v4()));
    fs::create_dir_all(folder.join(backup::FOLDER)).unwrap();
    let useless = backup::Backup {
        version: 4,
        at: now() - now() % 1000,
        kind: Kind::Day,
    };
    let useless = folder.join(backup::FOLDER).join(useless.name());
    fs::write(&useless, DAMAGED).unwrap();
    fs::write(folder.join(FILE), DAMAGED).unwrap();
    condemn(&folder).unwrap();
    assert!(go_on(&folder, now()).await.unwrap().is_some());
    // SQLite makes the file before it writes to it.
    fs::write(folder.join(FILE), "").unwrap();
    let mut started = ready(&folder).await.unwrap();
    assert_eq!(generation(&mut started).await, None);
    assert_eq!(started.recovered.unwrap().backup_of, None);
    started.connection.close().await.unwrap();
    assert_eq!(set_aside(&folder), [(String::new(), DAMAGED.to_vec())]);
    assert_eq!(fs::read(useless).unwrap(), DAMAGED);
    fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn a_plan_that_makes_no_sense_loses_nothing() {
    let folder = std::env::temp_dir().join(format!("ponte-plan-{}", uuid::Uuid::new_v4()));
    fs::create_dir_all(&folder).unwrap();
    put(&folder, OLDER).await;
    back_up(&folder, now()).await.unwrap();
    fs::write(folder.join(PLAN), "{\"setAside\":").unwrap();
    let mut started = ready(&folder).await.unwrap();
    assert_eq!(generation(&mut started).await.as_deref(), Some(OLDER));
    assert!(folder.join(started.recovered.unwrap().set_aside).exists());
    started.connection.close().await.unwrap();
    fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn killed_before_it_is_told_the_next_start_tells_what_it_goes_on_from() {
    let folder = std::env::temp_dir().join(format!("ponte-told-{}", uuid::Uuid::new_v4()));
    fs::create_dir_all(&folder).unwrap();
    put(&folder, OLDER).await;
    back_up(&folder, now()).await.unwrap();
    fs::write(folder.join(FILE), DAMAGED).unwrap();
    condemn(&folder).unwrap();
    let plan = go_on(&folder, now()).await.unwrap().unwrap();
    assert!(plan.backup_of.is_some());
    let started = ready(&folder).await.unwrap();
    assert_eq!(started.recovered, Some(plan));
    started.connection.close().await.unwrap();
    fs::remove_dir_all(folder).unwrap();
}

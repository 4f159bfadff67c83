//! A Tauri app with one window and nothing else: what Ponte's start, memory and size are measured
//! against.

fn main() {
    let home = std::env::var_os("PONTE_HOME")
        .map(std::path::PathBuf::from)
        .unwrap_or_default();
    let app = tauri::Builder::default().setup(move |app| {
        tauri::WebviewWindowBuilder::new(app, "main", tauri::WebviewUrl::App("index.html".into()))
            .inner_size(1280.0, 800.0)
            .data_directory(home.join("webview"))
            .build()?;
        Ok(())
    });
    if let Err(error) = app.run(tauri::generate_context!()) {
        eprintln!("{error}");
    }
}

//! Connection by QR code and by phone code.

use desk::ErrorCode;
use desk::attempt::Method;
use desk::attempt::view::{Phase, PresenterState, ShownCode};
use practice::{Action, Scenario};

use crate::setup::Setting;

/// The pretend Z-API sends the QR code in another shape for each of these.
#[tokio::test]
async fn a_qr_code_in_any_shape_connects() {
    for scenario in [
        Scenario::Connects,
        Scenario::QueueWaits,
        Scenario::DisconnectsLater,
    ] {
        let setting = Setting::with(scenario).await;
        setting.start(Method::QrCode).await;
        let view = setting.until(|p| matches!(p, Phase::Waiting { .. })).await;
        assert_eq!(view.method, Method::QrCode);
        let Phase::Waiting {
            code: ShownCode::Qr(code),
            ..
        } = view.phase
        else {
            panic!("{:?}", view.phase)
        };
        assert!(
            code.picture.starts_with("data:image/png;base64,"),
            "{scenario}"
        );
        let presented = setting.desk.presenter_view(&setting.id).await.unwrap();
        assert_eq!(presented.picture, Some(code.picture));
        let (width, height, rgba) = setting.desk.picture(&setting.id).unwrap().rgba().unwrap();
        assert_eq!(rgba.len(), 4 * width as usize * height as usize);
        setting.play(Action::ReadsQr);
        setting
            .until(|p| matches!(p, Phase::Connected { .. }))
            .await;
        let gone = setting.desk.picture(&setting.id).unwrap_err();
        assert_eq!(gone.code, ErrorCode::CodeNotValid);
    }
}

#[tokio::test]
async fn a_phone_code_is_asked_for_with_any_spelling_of_a_number() {
    let setting = Setting::with(Scenario::Connects).await;
    let desk = &setting.desk;
    setting.start(Method::PhoneCode).await;
    setting
        .until(|p| matches!(p, Phase::Preparing { message: None }))
        .await;
    for (number, problem) in [(None, "missing"), (Some("12"), "phoneNotPossible")] {
        let refused = desk.get_code(&setting.id, number).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::InvalidInput);
        assert_eq!(refused.params["field"], "phone");
        assert_eq!(refused.params["problem"], problem);
    }
    assert_eq!(setting.calls("/phone-code/{phone}"), 0, "nothing was sent");

    desk.get_code(&setting.id, Some("+55 (44) 99999-0101"))
        .await
        .unwrap();
    let view = setting.until(|p| matches!(p, Phase::Waiting { .. })).await;
    let Phase::Waiting {
        code: ShownCode::Phone(code),
        ..
    } = view.phase
    else {
        panic!("{:?}", view.phase)
    };
    assert_eq!(code.phone_display, "(44) 99999-0101");
    assert_eq!(code.halves.concat(), code.text.replace('-', ""));
    assert!(code.message.contains(&code.text) && code.message.contains(&setting.known.name));
    assert_eq!(desk.code_to_copy(&setting.id).unwrap(), code.text);
    assert_eq!(
        desk.message_to_copy(&setting.id).await.unwrap(),
        code.message
    );

    // The message is about the number that the code is for.
    let other = Some("+351 912 345 678");
    desk.get_code(&setting.id, other).await.unwrap();
    let message = desk.message_to_copy(&setting.id).await.unwrap();
    assert!(message.contains("912 345 678"), "{message}");
    assert!(!message.contains("99999-0101"), "{message}");
    setting.play(Action::TypesPhoneCode);
    setting
        .until(|p| matches!(p, Phase::Connected { .. }))
        .await;
}

#[tokio::test]
async fn a_passkey_is_noticed_and_the_extension_or_starting_over_goes_on() {
    let setting = Setting::with(Scenario::AsksPasskey).await;
    let desk = &setting.desk;
    setting.start(Method::QrCode).await;
    setting.until(|p| matches!(p, Phase::Waiting { .. })).await;
    setting.play(Action::ReadsQr);
    // At the next QR code, 15 s later.
    setting.until(|p| *p == Phase::Passkey).await;
    let presented = desk.presenter_view(&setting.id).await.unwrap();
    assert_eq!(presented.state, PresenterState::Passkey);

    desk.start_over(&setting.id).await.unwrap();
    setting.until(|p| matches!(p, Phase::Waiting { .. })).await;
    assert_eq!(setting.calls("/reset-passkey-challenge"), 1);

    setting.start(Method::Extension).await;
    let view = setting
        .until(|p| matches!(p, Phase::Preparing { .. }))
        .await;
    assert_eq!(view.method, Method::Extension, "in place of the QR code");
    desk.get_code(&setting.id, None).await.unwrap();
    setting.play(Action::TypesCode);
    setting.play(Action::Confirms);
    setting
        .until(|p| matches!(p, Phase::Connected { .. }))
        .await;
}

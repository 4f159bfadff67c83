//! The invented names of the shops.

use crate::Scenario;

/// In the order of [`Scenario::ALL`], so that by default each scenario keeps its name.
const SCENARIOS: [&str; Scenario::ALL.len()] = [
    "Padaria Aurora",
    "Barbearia do Porto",
    "Clínica Vida Plena",
    "Ótica Horizonte",
    "Pizzaria Bella Massa",
    "Floricultura Primavera",
    "Pet Shop Amigo Fiel",
    "Livraria Letra Viva",
    "Oficina Dois Irmãos",
    "Mercado São Jorge",
    "Studio Bela Forma",
    "Auto Peças Central",
    "Sorveteria Polo Norte",
    "Academia Corpo Ativo",
    "Papelaria Arco-Íris",
    "Vidraçaria Cristalina",
    "Lavanderia Água Clara",
    "Confeitaria Doce Mel",
    "Farmácia Bem-Estar",
    "Chaveiro Rápido",
    "Imobiliária Morada Nova",
    "Escola Girassol",
    "Restaurante Sabor da Serra",
    "Agência Boa Viagem",
];

/// A plain instance is called after a trade, a sign and a town: `Açaiteria Bom Jesus de Belém`.
const TRADES: [&str; 48] = [
    "Padaria",
    "Farmácia",
    "Barbearia",
    "Pizzaria",
    "Açougue",
    "Mercearia",
    "Ótica",
    "Papelaria",
    "Clínica",
    "Academia",
    "Floricultura",
    "Livraria",
    "Oficina",
    "Auto Peças",
    "Pet Shop",
    "Sorveteria",
    "Lanchonete",
    "Restaurante",
    "Churrascaria",
    "Confeitaria",
    "Açaiteria",
    "Cafeteria",
    "Lavanderia",
    "Costura",
    "Sapataria",
    "Relojoaria",
    "Joalheria",
    "Imobiliária",
    "Contabilidade",
    "Advocacia",
    "Odontologia",
    "Fisioterapia",
    "Laboratório",
    "Escola",
    "Autoescola",
    "Creche",
    "Gráfica",
    "Marcenaria",
    "Serralheria",
    "Vidraçaria",
    "Elétrica",
    "Hidráulica",
    "Tintas",
    "Móveis",
    "Informática",
    "Celulares",
    "Transportes",
    "Pousada",
];

const SIGNS: [&str; 60] = [
    "Aurora",
    "São José",
    "Santa Rita",
    "Dois Irmãos",
    "Primavera",
    "Central",
    "Bom Jesus",
    "Nova Era",
    "Santo Antônio",
    "Três Marias",
    "Horizonte",
    "Bela Vista",
    "Ipê Amarelo",
    "Água Viva",
    "Sol Nascente",
    "Boa Esperança",
    "São Judas",
    "Estrela",
    "Vitória Régia",
    "Aliança",
    "Pão de Mel",
    "Cruzeiro",
    "Avenida",
    "Família Souza",
    "Irmãos Araújo",
    "Dona Célia",
    "Seu Agenor",
    "Tia Conceição",
    "Mestre João",
    "Casa Grande",
    "Rei Davi",
    "Pérola",
    "Diamante",
    "Esmeralda",
    "Girassol",
    "Orquídea",
    "Jatobá",
    "Araucária",
    "Tucunaré",
    "Beija-Flor",
    "Canarinho",
    "Andorinha",
    "Arara Azul",
    "Onça Pintada",
    "Bandeirante",
    "Tropical",
    "Atlântica",
    "Planalto",
    "Pantanal",
    "Sertão",
    "Beira-Rio",
    "Mirante",
    "Alvorada",
    "Paraíso",
    "Progresso",
    "União",
    "Imperial",
    "Popular",
    "Nossa Senhora",
    "Sete Quedas",
];

const TOWNS: [&str; 40] = [
    "Londrina",
    "Maringá",
    "Curitiba",
    "Cascavel",
    "Joinville",
    "Florianópolis",
    "Blumenau",
    "Chapecó",
    "Caxias",
    "Pelotas",
    "Campinas",
    "Santos",
    "Sorocaba",
    "Bauru",
    "Franca",
    "Uberlândia",
    "Uberaba",
    "Ouro Preto",
    "Juiz de Fora",
    "Vitória",
    "Goiânia",
    "Anápolis",
    "Brasília",
    "Cuiabá",
    "Dourados",
    "Campo Grande",
    "Palmas",
    "Manaus",
    "Belém",
    "Macapá",
    "São Luís",
    "Teresina",
    "Fortaleza",
    "Sobral",
    "Natal",
    "Mossoró",
    "Caruaru",
    "Maceió",
    "Aracaju",
    "Ilhéus",
];

/// The name of the `nth` customer with a scenario, from 0.
pub(crate) fn of_scenario(nth: usize) -> String {
    numbered(
        SCENARIOS[nth % SCENARIOS.len()].to_owned(),
        nth / SCENARIOS.len(),
    )
}

/// The name of the `nth` instance, from 0, when it is a plain one. No two are the same, nor the same
/// as one of [`of_scenario`].
pub(crate) fn plain(nth: usize) -> String {
    const NAMES: usize = TRADES.len() * SIGNS.len() * TOWNS.len();
    /// Without a divisor in common with the number of names, so that all come once; neighbours differ.
    const STRIDE: usize = 33_331;
    let place = nth % NAMES * STRIDE % NAMES;
    let trade = TRADES[place % TRADES.len()];
    let sign = SIGNS[place / TRADES.len() % SIGNS.len()];
    let town = TOWNS[place / TRADES.len() / SIGNS.len()];
    numbered(format!("{trade} {sign} de {town}"), nth / NAMES)
}

/// From the second round over the names on, the name with the round's number.
fn numbered(name: String, round: usize) -> String {
    match round {
        0 => name,
        round => format!("{name} {}", round + 1),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_name_comes_twice() {
        let names: HashSet<String> = (0..250_000)
            .map(plain)
            .chain((0..1_000).map(of_scenario))
            .collect();
        assert_eq!(names.len(), 251_000);
    }
}

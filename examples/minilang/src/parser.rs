//! From words to the tree, by recursive descent.
#![forbid(unsafe_code)]

use crate::lexer::{Kind, Word};
use crate::mistake::Mistake;
use crate::syntax::{Expression, Function, Item, Line, Operator, Statement, Wait};

type Result<T> = std::result::Result<T, Mistake>;

/// Words that cannot be names.
const RESERVED: &[&str] = &[
    "函数", "令", "若", "否则", "当", "跳出", "继续", "返回", "抛出", "尝试", "捕获", "选择",
    "超时", "默认", "为", "打印", "派生", "等待", "且", "或", "非", "真", "假",
];

/// Operators, from those that bind least.
const LEVELS: &[&[(&str, Operator)]] = &[
    &[("==", Operator::Equal), ("!=", Operator::Different)],
    &[
        ("<", Operator::Less),
        ("<=", Operator::AtMost),
        (">", Operator::More),
        (">=", Operator::AtLeast),
    ],
    &[("+", Operator::Add), ("-", Operator::Subtract)],
    &[("*", Operator::Multiply), ("/", Operator::Divide), ("%", Operator::Remainder)],
];

/// The functions of a program.
pub(crate) fn parse(words: Vec<Word>) -> Result<Vec<Function>> {
    let mut parser = Parser { words, at: 0 };
    let mut functions = Vec::new();
    while !parser.is_at_end() {
        functions.push(parser.function()?);
    }
    Ok(functions)
}

struct Parser {
    words: Vec<Word>,
    at: usize,
}

impl Parser {
    fn word(&self) -> &Word {
        // The last word is the end, and is never passed.
        &self.words[self.at.min(self.words.len() - 1)]
    }

    fn line(&self) -> usize {
        self.word().line
    }

    fn is_at_end(&self) -> bool {
        self.word().kind == Kind::End
    }

    fn is(&self, text: &str) -> bool {
        match &self.word().kind {
            Kind::Name(name) => name == text,
            Kind::Sign(sign) => *sign == text,
            _ => false,
        }
    }

    /// Passes a keyword or sign, if it stands here.
    fn pass(&mut self, text: &str) -> bool {
        let is_here = self.is(text);
        self.at += usize::from(is_here);
        is_here
    }

    fn expect(&mut self, text: &'static str) -> Result<()> {
        if self.pass(text) { Ok(()) } else { Err(self.unexpected(text)) }
    }

    fn unexpected(&self, expected: &'static str) -> Mistake {
        let Word { kind, line } = self.word();
        let found = match kind {
            Kind::Name(name) => name.clone(),
            Kind::Number(number) => number.to_string(),
            Kind::Text(text) => text.clone(),
            Kind::Sign(sign) => (*sign).to_owned(),
            Kind::End => "the end".to_owned(),
        };
        Mistake::Unexpected { line: *line, found, expected }
    }

    fn name(&mut self) -> Result<String> {
        match &self.word().kind {
            Kind::Name(name) if !RESERVED.contains(&name.as_str()) => {
                let name = name.clone();
                self.at += 1;
                Ok(name)
            }
            _ => Err(self.unexpected("a name")),
        }
    }

    /// What stands between parentheses, with commas.
    fn listed<T>(&mut self, one: impl Fn(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        self.expect("(")?;
        let mut all = Vec::new();
        while !self.pass(")") {
            if !all.is_empty() {
                self.expect(",")?;
            }
            all.push(one(self)?);
        }
        Ok(all)
    }

    fn function(&mut self) -> Result<Function> {
        let line = self.line();
        self.expect("函数")?;
        let name = self.name()?;
        let parameters = self.listed(Self::name)?;
        Ok(Function { name, line, parameters, body: self.block()? })
    }

    fn block(&mut self) -> Result<Vec<Line>> {
        self.expect("{")?;
        let mut lines = Vec::new();
        while !self.pass("}") {
            let number = self.line();
            lines.push(Line { number, statement: self.statement()? });
        }
        Ok(lines)
    }

    fn statement(&mut self) -> Result<Statement> {
        if self.pass("若") {
            return self.branches();
        }
        if self.pass("当") {
            return Ok(Statement::While(self.expression()?, self.block()?));
        }
        if self.pass("尝试") {
            let body = self.block()?;
            self.expect("捕获")?;
            return Ok(Statement::Try(body, self.name()?, self.block()?));
        }
        if self.pass("选择") {
            return self.select();
        }
        let simple = self.simple()?;
        self.expect(";")?;
        Ok(simple)
    }

    /// A statement that ends with a semicolon.
    fn simple(&mut self) -> Result<Statement> {
        if self.pass("令") {
            let name = self.name()?;
            self.expect("=")?;
            return Ok(Statement::Let(name, self.expression()?));
        }
        if self.pass("跳出") {
            return Ok(Statement::Break);
        }
        if self.pass("继续") {
            return Ok(Statement::Continue);
        }
        if self.pass("返回") {
            let is_bare = self.is(";");
            return Ok(Statement::Return(if is_bare { None } else { Some(self.expression()?) }));
        }
        if self.pass("抛出") {
            return Ok(Statement::Throw(self.expression()?));
        }
        if self.pass("打印") {
            return Ok(Statement::Print(self.listed(Self::item)?));
        }
        let begin = self.at;
        if let Ok(name) = self.name() {
            if self.pass("=") {
                return Ok(Statement::Set(name, self.expression()?));
            }
        }
        self.at = begin;
        Ok(Statement::Do(self.expression()?))
    }

    fn branches(&mut self) -> Result<Statement> {
        let condition = self.expression()?;
        let body = self.block()?;
        let mut otherwise = Vec::new();
        if self.pass("否则") {
            let number = self.line();
            otherwise = match self.pass("若") {
                true => vec![Line { number, statement: self.branches()? }],
                false => self.block()?,
            };
        }
        Ok(Statement::If(condition, body, otherwise))
    }

    fn select(&mut self) -> Result<Statement> {
        self.expect("{")?;
        let mut branches = Vec::new();
        while !self.pass("}") {
            let wait = if self.pass("接收") {
                let channel = self.expression()?;
                self.expect("为")?;
                Wait::Receive(channel, self.name()?)
            } else if self.pass("发送") {
                let channel = self.expression()?;
                self.expect(",")?;
                Wait::Send(channel, self.expression()?)
            } else if self.pass("超时") {
                Wait::Timeout(self.expression()?)
            } else if self.pass("默认") {
                Wait::Default
            } else {
                return Err(self.unexpected("接收, 发送, 超时 or 默认"));
            };
            branches.push((wait, self.block()?));
        }
        Ok(Statement::Select(branches))
    }

    fn item(&mut self) -> Result<Item> {
        if let Kind::Text(text) = &self.word().kind {
            let text = text.clone();
            self.at += 1;
            return Ok(Item::Text(text));
        }
        Ok(Item::Value(self.expression()?))
    }

    fn expression(&mut self) -> Result<Expression> {
        let mut left = self.all_of()?;
        while self.pass("或") {
            left = Expression::Or(Box::new(left), Box::new(self.all_of()?));
        }
        Ok(left)
    }

    fn all_of(&mut self) -> Result<Expression> {
        let mut left = self.level(0)?;
        while self.pass("且") {
            left = Expression::And(Box::new(left), Box::new(self.level(0)?));
        }
        Ok(left)
    }

    fn level(&mut self, level: usize) -> Result<Expression> {
        let Some(operators) = LEVELS.get(level) else { return self.unary() };
        let mut left = self.level(level + 1)?;
        while let Some((_, operator)) = operators.iter().find(|(sign, _)| self.is(sign)) {
            self.at += 1;
            let right = self.level(level + 1)?;
            left = Expression::Binary(*operator, Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expression> {
        if self.pass("-") {
            let (zero, value) = (Expression::Number(0), self.unary()?);
            return Ok(Expression::Binary(Operator::Subtract, Box::new(zero), Box::new(value)));
        }
        if self.pass("非") {
            return Ok(Expression::Not(Box::new(self.unary()?)));
        }
        if self.pass("等待") {
            return Ok(Expression::Await(Box::new(self.unary()?)));
        }
        if self.pass("派生") {
            let (line, name) = (self.line(), self.name()?);
            return Ok(Expression::Spawn(name, self.listed(Self::expression)?, line));
        }
        self.primary()
    }

    fn primary(&mut self) -> Result<Expression> {
        if self.pass("(") {
            let inner = self.expression()?;
            self.expect(")")?;
            return Ok(inner);
        }
        if self.pass("真") {
            return Ok(Expression::Number(1));
        }
        if self.pass("假") {
            return Ok(Expression::Number(0));
        }
        if let Kind::Number(number) = self.word().kind {
            self.at += 1;
            return Ok(Expression::Number(number));
        }
        let (line, name) = (self.line(), self.name()?);
        if self.is("(") {
            return Ok(Expression::Call(name, self.listed(Self::expression)?, line));
        }
        Ok(Expression::Name(name, line))
    }
}
